// SPDX-License-Identifier: Apache-2.0
// What stands in for pod-web where a test is about the page alone: its paths, answers that the test makes up, and a
// desktop of one colour by RFB.  Nothing here checks who asks: that is for pod-web's own tests.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
	"connect-src 'self'; font-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/* Frames of WebSockets: ours are whole and unmasked, the browser's may come in pieces of a read. */

function frame(opcode, data) {
	const head = data.length < 126 ? Buffer.from([0x80 | opcode, data.length]) : Buffer.alloc(data.length < 65536 ? 4 : 10);

	if (head.length === 4) {
		head.writeUInt16BE(data.length, 2);
		head[1] = 126;
	} else if (head.length === 10) {
		head.writeBigUInt64BE(BigInt(data.length), 2);
		head[1] = 127;
	}
	head[0] = 0x80 | opcode;
	return Buffer.concat([head, data]);
}

class Socket extends EventEmitter {
	constructor(request, stream) {
		super();
		this.stream = stream;
		this.rest = Buffer.alloc(0);
		const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

		stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
		stream.on('data', (data) => this.read(data));
		stream.on('close', () => this.emit('close'));
		stream.on('error', () => {});
	}

	read(data) {
		this.rest = Buffer.concat([this.rest, data]);
		while (this.rest.length >= 6) {
			const opcode = this.rest[0] & 15;
			let size = this.rest[1] & 127, at = 2;

			if (size === 126) {
				size = this.rest.readUInt16BE(2);
				at = 4;
			} else if (size === 127) {
				if (this.rest.length < 14)
					return;
				size = Number(this.rest.readBigUInt64BE(2));
				at = 10;
			}
			if (this.rest.length < at + 4 + size)
				return;
			const mask = this.rest.subarray(at, at + 4);
			const body = Buffer.from(this.rest.subarray(at + 4, at + 4 + size).map((byte, i) => byte ^ mask[i & 3]));

			this.rest = this.rest.subarray(at + 4 + size);
			if (opcode === 8)
				this.end();
			else if (opcode < 3)
				this.emit('message', body);
		}
	}

	send(data) {
		this.stream.write(frame(2, Buffer.from(data)));
	}

	end() {
		this.stream.end(frame(8, Buffer.alloc(0)));
	}
}

/* A desktop of one colour. */

const SIZES = { 0: () => 20, 2: (b) => 4 + 4 * b.readUInt16BE(2), 3: () => 10, 4: () => 8, 5: () => 6, 251: (b) => 8 + 16 * b[6] };
const cut = (b) => 8 + Math.abs(b.readInt32BE(4));

class Viewer {
	constructor(socket, stub, options) {
		Object.assign(this, { socket, stub, options, rest: Buffer.alloc(0), step: 0, asked: false, shown: -1 });
		socket.on('message', (data) => this.read(data));
		socket.on('close', () => stub.viewers.delete(this));
		socket.send('RFB 003.008\n');
	}

	// The steps of the handshake, each the number of bytes it waits for and what it answers.
	static HELLO = [
		[12, () => [1, 1]],
		[1, () => [0, 0, 0, 0]],
		[1, (viewer) => viewer.init()],
	];

	read(data) {
		this.rest = Buffer.concat([this.rest, data]);
		for (;;) {
			const [need, act] = this.step < 3 ? Viewer.HELLO[this.step] : [this.size(), () => null];

			if (!need || this.rest.length < need)
				return;
			const piece = this.rest.subarray(0, need);
			const answer = act(this);

			this.rest = this.rest.subarray(need);
			if (this.step++ < 3)
				this.socket.send(answer);
			else
				this.message(piece);
		}
	}

	size() {
		const kind = this.rest[0];

		if (this.rest.length < (kind === 6 ? 8 : kind === 251 ? 7 : 4))
			return 0;
		return kind === 6 ? cut(this.rest) : SIZES[kind](this.rest);
	}

	init() {
		const name = Buffer.from('stub'), head = Buffer.alloc(24);

		head.writeUInt16BE(this.stub.width, 0);
		head.writeUInt16BE(this.stub.height, 2);
		head.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0], 4);
		head.writeUInt32BE(name.length, 20);
		return Buffer.concat([head, name]);
	}

	message(piece) {
		const { stub } = this;

		if (piece[0] === 2)
			this.encodings = Array.from({ length: piece.readUInt16BE(2) }, (_, i) => piece.readInt32BE(4 + 4 * i));
		else if (piece[0] === 3)
			this.ask(piece[1]);
		else if (piece[0] === 4)
			stub.keys.push([piece.readUInt32BE(4), piece[1]]);
		else if (piece[0] === 5)
			stub.pointers.push([piece[1], piece.readUInt16BE(2), piece.readUInt16BE(4)]);
		else if (piece[0] === 6)
			stub.cuts.push(piece.subarray(8).toString('latin1'));
		else if (piece[0] === 251)
			stub.sizes.push([piece.readUInt16BE(2), piece.readUInt16BE(4)]);
	}

	ask(incremental) {
		this.asked = true;
		if (!incremental)
			this.shown = -1;
		this.update();
	}

	update() {
		const { width, height, colour, serial } = this.stub;

		if (!this.asked || this.shown === serial)
			return;
		this.asked = false;
		this.shown = serial;
		const head = Buffer.alloc(16);

		head.writeUInt16BE(1, 2);
		head.writeUInt16BE(width, 8);
		head.writeUInt16BE(height, 10);
		// noVNC asks for red in the lowest byte.
		this.socket.send(Buffer.concat([head, Buffer.alloc(4 * width * height, Buffer.from([...colour, 255]))]));
	}

	copied(text) {
		const head = Buffer.alloc(8);

		head[0] = 3;
		head.writeUInt32BE(text.length, 4);
		this.socket.send(Buffer.concat([head, Buffer.from(text, 'latin1')]));
	}
}

export class Stub {
	width = 320;
	height = 200;
	colour = [30, 120, 200];
	serial = 0;
	keys = [];
	pointers = [];
	cuts = [];
	sizes = [];
	controls = [];
	uploads = [];
	requests = [];
	viewers = new Set();
	listeners = new Set();
	streams = new Set();
	sounds = new Set();
	login = true;
	webm = null;
	state = {
		v: 1, pod: 'web', ready: true,
		services: ['bus', 'x11', 'display'].map((name) => ({ name, state: 'up', restarts: 0 })),
		viewers: [], lease: null, blank: false, audio: true, upload: true, upload_max: 1 << 20, clipboard: true,
	};

	async start(root) {
		this.root = root;
		this.server = http.createServer((request, answer) => this.answer(request, answer));
		this.server.on('upgrade', (request, stream) => this.upgrade(request, stream));
		await new Promise((ready) => this.server.listen(0, '127.0.0.1', ready));
		this.url = `http://127.0.0.1:${this.server.address().port}/`;
		return this;
	}

	stop() {
		this.server.closeAllConnections();
		this.server.close();
		for (const socket of [...this.viewers].map((viewer) => viewer.socket).concat([...this.sounds]))
			socket.stream.destroy();
	}

	paint(colour) {
		this.colour = colour;
		this.serial++;
		this.viewers.forEach((viewer) => viewer.update());
	}

	tell(change = {}) {
		Object.assign(this.state, change);
		for (const listener of this.listeners)
			listener.write(`event: state\ndata: ${JSON.stringify(this.state)}\n\n`);
	}

	service(name, state) {
		const services = this.state.services.map((one) => one.name === name ? { ...one, state } : one);

		this.tell({ services, ready: services.every((one) => one.state === 'up') });
	}

	upgrade(request, stream) {
		const url = new URL(request.url, this.url);

		this.requests.push(request.url);
		if (!this.login || this.state.services.find((one) => one.name === 'display').state !== 'up')
			return stream.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
		const socket = new Socket(request, stream);

		if (url.pathname === '/ws/audio') {
			this.sounds.add(socket);
			socket.on('close', () => this.sounds.delete(socket));
		} else {
			this.viewers.add(new Viewer(socket, this, url.searchParams));
		}
	}

	answer(request, answer) {
		const url = new URL(request.url, this.url);
		const paths = { '/state': 'giveState', '/events': 'giveEvents', '/control': 'control', '/upload': 'upload', '/audio.webm': 'giveStream' };

		this.requests.push(request.url);
		answer.setHeader('Content-Security-Policy', CSP);
		answer.setHeader('X-Content-Type-Options', 'nosniff');
		if (paths[url.pathname] && !this.login)
			return this.json(answer, 401, { ok: false, error: 'login', message: 'log in' });
		if (paths[url.pathname])
			return this[paths[url.pathname]](request, answer);
		this.file(url.pathname === '/' ? '/index.html' : url.pathname, answer);
	}

	json(answer, status, what) {
		answer.writeHead(status, { 'Content-Type': 'application/json' });
		answer.end(JSON.stringify(what));
	}

	file(name, answer) {
		const file = path.join(this.root, path.normalize(name));

		fs.readFile(file, (error, data) => {
			answer.writeHead(error ? 404 : 200, { 'Content-Type': TYPES[path.extname(file).slice(1)] || 'text/plain' });
			answer.end(data);
		});
	}

	giveState(_, answer) {
		this.json(answer, 200, this.state);
	}

	giveEvents(_, answer) {
		answer.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
		answer.write('retry: 200\n\n');
		this.listeners.add(answer);
		answer.on('close', () => this.listeners.delete(answer));
		this.tell();
	}

	async body(request) {
		const pieces = [];

		for await (const piece of request)
			pieces.push(piece);
		return Buffer.concat(pieces);
	}

	async control(request, answer) {
		const what = JSON.parse(await this.body(request));

		this.controls.push([what, request.headers['x-envpod']]);
		if (this.refuse)
			return this.json(answer, 409, { ok: false, error: 'busy', message: this.refuse });
		if (what.do === 'lease')
			this.tell({ lease: what.seconds ? { viewer: what.viewer, mine: true, seconds: what.seconds } : null });
		if (what.do === 'blank')
			this.tell({ blank: what.on });
		this.json(answer, 200, { ok: true });
	}

	async upload(request, answer) {
		const data = await this.body(request);
		const name = decodeURIComponent(request.headers['x-file-name']);

		this.uploads.push([name, data, request.headers['x-envpod']]);
		if (this.refuse)
			return this.json(answer, 507, { ok: false, error: 'full', message: this.refuse });
		this.json(answer, 200, { ok: true, path: `/tmp/uploads/${name}`, size: data.length });
	}

	giveStream(_, answer) {
		answer.writeHead(200, { 'Content-Type': 'audio/webm' });
		this.streams.add(answer);
		answer.on('close', () => this.streams.delete(answer));
	}
}
