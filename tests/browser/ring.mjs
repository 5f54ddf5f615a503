// SPDX-License-Identifier: Apache-2.0
// What plays the sound (share/display/sound-worklet.js), without a browser and at its own time: what is put in at once,
// what runs dry, what drifts.
import { strict as assert } from 'node:assert';
import fs from 'node:fs';
import vm from 'node:vm';

const QUANTUM = 128;

class Player {
	constructor() {
		const world = {
			sampleRate: 48000,
			currentTime: 0,
			AudioWorkletProcessor: class {
				port = {};
			},
			registerProcessor: (_, Ring) => {
				this.ring = new Ring();
			},
		};

		vm.runInNewContext(fs.readFileSync(new URL('../../share/display/sound-worklet.js', import.meta.url), 'utf8'), world);
		this.world = world;
		this.put = 0;
		this.played = [];
	}

	// Samples that count up from 1: what comes out tells where it was.
	give(frames) {
		const block = Float32Array.from({ length: frames }, (_, i) => this.put + i + 1);

		this.put += frames;
		this.ring.port.onmessage({ data: [block, block] });
	}

	play(frames) {
		for (let done = 0; done < frames; done += QUANTUM) {
			const out = [new Float32Array(QUANTUM), new Float32Array(QUANTUM)];

			assert.equal(this.ring.process([], [out]), true);
			assert.deepEqual(out[0], out[1]);
			this.played.push(...out[0]);
			this.world.currentTime += QUANTUM / 48000;
		}
		return this.played.slice(-frames);
	}

	get behind() {
		return this.put - Math.max(0, ...this.played.slice(-QUANTUM));
	}
}

const cases = {
	'what is played is what came, in its order'() {
		const player = new Player();

		player.give(1920);
		for (let i = 0; i < 20; i++) {
			player.play(960);
			player.give(960);
		}
		const heard = player.played.filter((sample) => sample);

		assert.ok(heard.length > 15000);
		assert.ok(heard.every((sample, i) => i === 0 || sample === heard[i - 1] + 1));
	},

	'nothing is played before there is enough'() {
		const player = new Player();

		player.give(960);
		assert.ok(player.play(960).every((sample) => sample === 0));
		player.give(960);
		assert.ok(player.play(QUANTUM).some((sample) => sample !== 0));
	},

	'what came late is dropped, not played later'() {
		const player = new Player();

		player.give(1920);
		player.play(480);
		for (let i = 0; i < 100; i++)
			player.give(960);
		player.play(QUANTUM);
		assert.ok(player.behind <= 4800, `${player.behind} behind`);
	},

	'a heap that nobody needs goes'() {
		const player = new Player();

		for (let i = 0; i < 4; i++)
			player.give(1024);
		for (let i = 0; i < 150; i++) {
			player.play(1024);
			player.give(1024);
		}
		assert.ok(player.behind <= 1024 + 1024 + 720, `${player.behind} behind`);
	},

	'after running dry it waits until there is enough'() {
		const player = new Player();

		player.give(1920);
		player.play(2400);
		player.give(480);
		assert.ok(player.play(480).every((sample) => sample === 0));
		player.give(960);
		assert.ok(player.play(QUANTUM).some((sample) => sample !== 0));
	},

	'a connection that begins anew begins with nothing'() {
		const player = new Player();

		player.give(1920);
		player.ring.port.onmessage({ data: null });
		assert.ok(player.play(1920).every((sample) => sample === 0));
	},
};

for (const [name, test] of Object.entries(cases)) {
	try {
		test();
	} catch (error) {
		console.error(`${name}: ${error.stack}`);
		process.exitCode = 1;
	}
}
