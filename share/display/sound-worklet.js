// SPDX-License-Identifier: Apache-2.0
// What was decoded, until it is played.  The pod's clock and this one's drift apart: what is more than LIMIT behind
// is dropped, and after running dry nothing is played until TARGET is there.  Silence is sent as nothing at all.
const TARGET = 0.03, LIMIT = 0.1;

class Ring extends AudioWorkletProcessor {
	constructor() {
		super();
		this.blocks = []; // pairs of channels
		this.frames = 0;
		this.used = 0; // of the first block
		this.playing = false;
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
		return true;
	}
}

registerProcessor('ring', Ring);
