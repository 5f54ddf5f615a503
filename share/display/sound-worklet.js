// SPDX-License-Identifier: Apache-2.0
// What was decoded, until it is played.  The pod's clock and this one's drift apart, and a pause leaves a heap behind:
// what is more than LIMIT behind is dropped down to TARGET, and what was never needed for LOOK seconds is dropped to
// SPARE.  After running dry nothing is played until TARGET is there.  Silence is sent as nothing at all.
const TARGET = 0.03, LIMIT = 0.1, SPARE = 0.015, LOOK = 1;

class Ring extends AudioWorkletProcessor {
	constructor() {
		super();
		this.blocks = []; // pairs of channels
		this.frames = 0;
		this.used = 0; // of the first block
		this.playing = false;
		this.least = Infinity; // frames that were left, since
		this.since = 0;
		this.port.onmessage = (event) => this.take(event.data);
	}

	take(block) {
		if (!block) {
			this.drop(0);
			return;
		}
		this.blocks.push(block);
		this.frames += block[0].length;
		if (this.frames > LIMIT * sampleRate)
			this.drop(TARGET * sampleRate);
	}

	drop(rest) {
		while (this.frames > rest && this.blocks.length)
			this.skip(Math.min(this.frames - rest, this.blocks[0][0].length - this.used));
	}

	skip(count) {
		this.used += count;
		this.frames -= count;
		if (this.used < this.blocks[0][0].length)
			return;
		this.blocks.shift();
		this.used = 0;
	}

	process(_, [out]) {
		let at = 0;

		if (this.frames >= TARGET * sampleRate)
			this.playing = true;
		while (this.playing && at < out[0].length && this.blocks.length) {
			const block = this.blocks[0];
			const count = Math.min(out[0].length - at, block[0].length - this.used);

			for (let i = 0; i < out.length; i++)
				out[i].set((block[i] || block[0]).subarray(this.used, this.used + count), at);
			at += count;
			this.skip(count);
		}
		if (!this.blocks.length)
			this.playing = false;
		this.spare();
		return true;
	}

	spare() {
		this.least = Math.min(this.least, this.playing ? this.frames : 0);
		if (currentTime - this.since < LOOK)
			return;
		if (this.least > 2 * SPARE * sampleRate)
			this.drop(this.frames - this.least + SPARE * sampleRate);
		this.least = Infinity;
		this.since = currentTime;
	}
}

registerProcessor('ring', Ring);
