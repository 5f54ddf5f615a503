// SPDX-License-Identifier: Apache-2.0
// The pod's sound.  Opus packets by WebSocket, decoded here and played from a short ring (about 90 ms in all); where
// the browser decodes no packets, the WebM stream, kept at its live edge.
const AGAIN = 1000, HEAD = 10, LARGEST = 8192;

class Closed extends Error {}

// Packets out of a stream of bytes: length (2), microseconds (8), Opus; length 0 is a remark without any.
function packets(each) {
	let rest = new Uint8Array();

	return (bytes) => {
		const all = new Uint8Array(rest.length + bytes.length);
		const view = new DataView(all.buffer);
		let at = 0;

		all.set(rest);
		all.set(bytes, rest.length);
		while (all.length - at >= HEAD) {
			const size = view.getUint16(at);

			if (size > LARGEST)
				throw new Closed('a packet that is too large');
			if (all.length - at < HEAD + size)
				break;
			if (size)
				each(Number(view.getBigUint64(at + 2)), all.subarray(at + HEAD, at + HEAD + size));
			at += HEAD + size;
		}
		rest = all.slice(at);
	};
}

function planes(data) {
	const block = [];

	for (let i = 0; i < data.numberOfChannels; i++) {
		const plane = new Float32Array(data.numberOfFrames);

		data.copyTo(plane, { planeIndex: i, format: 'f32-planar' });
		block.push(plane);
	}
	data.close();
	return block;
}

// Resolves when the connection is over.
function byPackets(ring, signal) {
	const url = new URL('ws/audio', location.href);

	url.protocol = url.protocol.replace('http', 'ws');
	url.hash = '';
	return new Promise((done) => {
		const socket = new WebSocket(url);
		const decoder = new AudioDecoder({
			output: (data) => {
				const block = planes(data);

				ring.postMessage(block, block.map((plane) => plane.buffer));
			},
			error: () => socket.close(),
		});
		const take = packets((timestamp, data) => {
			decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp, data }));
		});

		decoder.configure({ codec: 'opus', sampleRate: 48000, numberOfChannels: 2 });
		socket.binaryType = 'arraybuffer';
		socket.onmessage = (event) => {
			try {
				take(new Uint8Array(event.data));
			} catch {
				socket.close();
			}
		};
		socket.onclose = () => {
			if (decoder.state !== 'closed')
				decoder.close();
			ring.postMessage(null);
			done();
		};
		signal.addEventListener('abort', () => socket.close());
	});
}

const TYPE = 'audio/webm; codecs="opus"';

function settled(buffer) {
	return new Promise((resolve) => buffer.addEventListener('updateend', resolve, { once: true }));
}

// What was played goes, and the playing head is kept near the end.
async function feed(buffer, player, bytes) {
	const begin = buffer.buffered.length ? buffer.buffered.start(0) : 0;

	if (player.currentTime - begin > 10) {
		buffer.remove(begin, player.currentTime - 5);
		await settled(buffer);
	}
	buffer.appendBuffer(bytes);
	await settled(buffer);
	if (!buffer.buffered.length)
		return;
	const end = buffer.buffered.end(buffer.buffered.length - 1);

	if (end - player.currentTime > 0.3 || end < player.currentTime)
		player.currentTime = Math.max(0, end - 0.12);
}

async function byStream(player, signal) {
	const source = new MediaSource();
	const address = URL.createObjectURL(source);

	player.src = address;
	try {
		await new Promise((resolve) => source.addEventListener('sourceopen', resolve, { once: true }));
		const buffer = source.addSourceBuffer(TYPE);
		const answer = await fetch('audio.webm', { signal, cache: 'no-store' });

		if (!answer.ok)
			return;
		buffer.mode = 'sequence';
		player.play().catch(() => {});
		for (const reader = answer.body.getReader();;) {
			const { done, value } = await reader.read();

			if (done)
				return;
			await feed(buffer, player, value);
		}
	} catch {
		// It ended: whoever called begins anew.
	} finally {
		URL.revokeObjectURL(address);
	}
}

export class Sound {
	constructor() {
		this.context = null;
		this.off = null;
	}

	get on() {
		return this.off !== null;
	}

	// How loud it is, 0 to 1.
	level() {
		if (!this.meter)
			return 0;
		this.meter.getFloatTimeDomainData(this.samples);
		return Math.min(1, this.samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
	}

	// By a click: a browser plays nothing before one.
	async start() {
		const off = new AbortController();

		this.off = off;
		this.context = new AudioContext({ sampleRate: 48000, latencyHint: 'interactive' });
		this.meter = new AnalyserNode(this.context, { fftSize: 4096 });
		this.samples = new Float32Array(256);
		this.meter.connect(this.context.destination);
		await this.context.resume();
		const play = await this.way(off.signal);

		for (; !off.signal.aborted; await new Promise((resolve) => setTimeout(resolve, AGAIN)))
			await play();
	}

	async way(signal) {
		if (globalThis.AudioDecoder && globalThis.AudioWorkletNode) {
			await this.context.audioWorklet.addModule('sound-worklet.js');
			const ring = new AudioWorkletNode(this.context, 'ring', { numberOfInputs: 0, outputChannelCount: [2] });

			ring.connect(this.meter);
			return () => byPackets(ring.port, signal);
		}
		if (!globalThis.MediaSource || !MediaSource.isTypeSupported(TYPE))
			throw new Error('this browser plays no Opus');
		const player = new Audio();

		this.context.createMediaElementSource(player).connect(this.meter);
		signal.addEventListener('abort', () => player.pause());
		return () => byStream(player, signal);
	}

	stop() {
		this.off.abort();
		this.off = this.meter = null;
		this.context.close();
	}
}
