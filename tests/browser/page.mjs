// SPDX-License-Identifier: Apache-2.0
// The page of a desktop against a server that says what a case needs.
import { assert, axe, near, open, pixel, run, tapSound, until } from './lib.mjs';
import { Stub } from './stub.mjs';

const BLUE = [30, 120, 200], GREEN = [20, 160, 60];

async function begin(browser, options = {}) {
	const stub = await new Stub().start(`${process.env.B}/share/envpod/display`);

	options.prepare?.(stub);
	const { page, context, faults } = await open(browser, options.at === '' ? '' : stub.url + (options.at ?? ''), options);

	return { stub, page, context, faults };
}

const shown = (page, colour) => until('the desktop is seen', async () => near(await pixel(page, 100, 100), colour));
const text = (page, selector) => page.locator(selector).innerText();
const said = (page, words) => until(`a message: ${words}`, async () => (await page.locator('.toast').allInnerTexts()).some((t) => t.includes(words)));

// A tone as Opus packets, made by the browser itself.
function tonePackets(page, frequency, seconds) {
	return page.evaluate(async ([frequency, seconds]) => {
		const out = [];
		const encoder = new AudioEncoder({
			output: (chunk) => {
				const data = new Uint8Array(chunk.byteLength);

				chunk.copyTo(data);
				out.push([...data]);
			},
			error: (error) => { throw error; },
		});

		encoder.configure({ codec: 'opus', sampleRate: 48000, numberOfChannels: 2, bitrate: 96000 });
		for (let i = 0; i < seconds * 50; i++) {
			const data = Float32Array.from({ length: 1920 }, (_, n) => 0.5 * Math.sin(2 * Math.PI * frequency * (i * 960 + n % 960) / 48000));

			encoder.encode(new AudioData({ format: 'f32-planar', sampleRate: 48000, numberOfFrames: 960, numberOfChannels: 2, timestamp: i * 20000, data }));
		}
		await encoder.flush();
		return out;
	}, [frequency, seconds]);
}

function packet(i, data) {
	const head = Buffer.alloc(10);

	head.writeUInt16BE(data.length);
	head.writeBigUInt64BE(BigInt(i * 20000), 2);
	return Buffer.concat([head, Buffer.from(data)]);
}

// In real time, as a pod sends them; several pieces a message and several messages a piece.
function play(stub, list) {
	let i = 0;
	const timer = setInterval(() => {
		const data = packet(i, list[i % list.length]);

		for (const sound of stub.sounds) {
			sound.send(data.subarray(0, 7));
			sound.send(Buffer.concat([data.subarray(7), Buffer.alloc(10)]));
		}
		i++;
	}, 20);

	return () => clearInterval(timer);
}

async function tone(page, frequency) {
	await until(`a tone of ${frequency} Hz`, async () =>
		await page.evaluate(() => window.TAP && window.TAP.loud() > 0.1) &&
		Math.abs(await page.evaluate(() => window.TAP.peak()) - frequency) < 15);
}

run({
	async connects(browser) {
		const { stub, page, faults } = await begin(browser);

		await shown(page, BLUE);
		assert.equal(await text(page, '#status'), 'Connected');
		assert.equal(await text(page, '#pod'), 'web');
		assert.equal(await page.title(), 'web · envpod');
		assert.equal(await page.locator('#wait').isVisible(), false);
		stub.paint(GREEN);
		await shown(page, GREEN);
		assert.deepEqual(faults, []);
		stub.stop();
	},

	async 'nothing from elsewhere'(browser) {
		const { stub, page, context } = await begin(browser, { at: '' });
		const asked = [];

		context.on('request', (request) => asked.push(request.url()));
		await page.goto(stub.url);
		await shown(page, BLUE);
		assert.ok(asked.length > 20);
		assert.deepEqual(asked.filter((url) => !url.startsWith(stub.url) && !/^(data|blob):/.test(url)), []);
		stub.stop();
	},

	async input(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		// It has the focus without a click.
		await page.keyboard.press('a');
		await until('the key', () => stub.keys.some(([key, down]) => key === 0x61 && down));
		await page.locator('#screen canvas').click({ position: { x: 50, y: 40 } });
		await until('the click', () => stub.pointers.some(([buttons]) => buttons === 1));
		await page.keyboard.press('Tab');
		await until('Tab goes there, too', () => stub.keys.some(([key]) => key === 0xff09));
		stub.stop();
	},

	// What holds the keyboard must let it go (WCAG 2.1.2), with nothing left pressed in the pod.
	async 'leaving'(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		await page.keyboard.down('Control');
		await page.keyboard.down('Alt');
		await page.keyboard.down('Shift');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'lease');
		for (const key of [0xffe3, 0xffe9])
			await until('the key goes up', () => stub.keys.filter(([k]) => k === key).at(-1)?.[1] === 0);
		for (const key of ['Shift', 'Alt', 'Control'])
			await page.keyboard.up(key);
		const before = stub.keys.length;

		await page.keyboard.press('Tab');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'blank');
		assert.equal(stub.keys.length, before);
		stub.stop();
	},

	async progress(browser) {
		const { stub, page, faults } = await begin(browser, {
			prepare: (stub) => ['x11', 'display'].forEach((name) => stub.service(name, 'waiting')),
		});

		await until('the services are told', async () => (await text(page, '#wait-services')).includes('x11: waiting'));
		assert.equal(await text(page, '#wait-title'), 'Starting the desktop');
		assert.equal(await text(page, '#wait-text'), '1 of 3 services are up');
		assert.equal(stub.requests.some((url) => url.startsWith('/ws')), false);
		stub.service('x11', 'up');
		await until('progress', async () => await text(page, '#wait-text') === '2 of 3 services are up');
		stub.service('display', 'up');
		await shown(page, BLUE);
		assert.deepEqual(faults, []);
		stub.stop();
	},

	async 'a service dies'(browser) {
		const { stub, page, faults } = await begin(browser);

		await shown(page, BLUE);
		stub.service('display', 'waiting');
		for (const viewer of stub.viewers)
			viewer.socket.stream.destroy();
		await said(page, 'display is down');
		await until('it is said', async () => await text(page, '#wait-title') === 'The desktop is coming back');
		stub.paint(GREEN);
		stub.service('display', 'up');
		await said(page, 'The desktop is back');
		await shown(page, GREEN);
		assert.deepEqual(faults, []);
		stub.stop();
	},

	// Nothing says that it is away, and nothing that it is back: the page tries by itself.
	async 'the connection breaks'(browser) {
		const { stub, page } = await begin(browser);

		for (const colour of [GREEN, BLUE, GREEN]) {
			await until('a viewer', () => stub.viewers.size === 1);
			stub.paint(colour);
			await shown(page, colour);
			for (const viewer of stub.viewers)
				viewer.socket.stream.destroy();
			await until('it is gone', () => stub.viewers.size === 0);
		}
		stub.stop();
	},

	async 'the server comes back'(browser) {
		const { stub, page } = await begin(browser);
		const { port } = stub.server.address();

		await shown(page, BLUE);
		stub.stop();
		await until('it is said', async () => await text(page, '#status') === 'Connecting again');
		stub.server.listen(port, '127.0.0.1');
		stub.paint(GREEN);
		await shown(page, GREEN);
		await until('it hears events', () => stub.listeners.size === 1);
		stub.stop();
	},

	async 'the login ends'(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		stub.login = false;
		for (const viewer of stub.viewers)
			viewer.socket.stream.destroy();
		for (const listener of stub.listeners)
			listener.destroy();
		await until('it is said', async () => await text(page, '#wait-title') === 'This login has ended');
		assert.equal(await text(page, '#wait-text'), 'Open a new link: envpod display web');
		stub.stop();
	},

	async 'one stream for all tabs'(browser) {
		const { stub, page, context } = await begin(browser);
		const pages = [page];

		while (pages.length < 7) {
			pages.push(await context.newPage());
			await pages.at(-1).goto(stub.url);
			await shown(pages.at(-1), BLUE);
		}
		assert.equal(stub.listeners.size, 1);
		stub.tell({ blank: true });
		for (const one of pages)
			await until('each hears of it', async () => await one.locator('#banner').isVisible());
		// Whoever had the stream leaves it to another.
		await page.close();
		await until('another reads', () => stub.listeners.size === 1);
		stub.tell({ blank: false });
		for (const one of pages.slice(1))
			await until('each hears of it', async () => !await one.locator('#banner').isVisible());
		stub.stop();
	},

	async 'view only'(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		await page.click('#view');
		await until('pod-web is told', () => [...stub.viewers].some((viewer) => viewer.options.get('view') === '1'));
		await until('it is said', async () => await text(page, '#status') === 'Connected, view only');
		assert.equal(await page.locator('#lease').isDisabled(), true);
		const before = stub.keys.length + stub.pointers.length;

		await page.locator('#screen canvas').click();
		await page.keyboard.press('a');
		await page.click('#view');
		await until('and back', () => [...stub.viewers].some((viewer) => !viewer.options.has('view')));
		assert.equal(stub.keys.length + stub.pointers.length, before);
		stub.stop();
	},

	async lease(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		await page.click('#lease');
		await until('the banner', async () => (await text(page, '#banner')).includes('You are in control'));
		const [[what, header]] = stub.controls;

		assert.equal(what.do, 'lease');
		assert.equal(String(what.viewer), [...stub.viewers][0].options.get('viewer'));
		assert.ok(what.seconds > 0);
		assert.equal(header, '1');
		assert.equal(await page.getAttribute('#lease', 'aria-pressed'), 'true');
		await until('it runs down', async () => /\((\d+) s\)/.exec(await text(page, '#banner'))[1] < what.seconds);
		await page.click('#banner-button');
		await until('it is given back', () => stub.controls.at(-1)[0].seconds === 0);
		await until('no banner', async () => !await page.locator('#banner').isVisible());
		stub.tell({ lease: { viewer: 1, mine: false, seconds: 9 } });
		await until('another has it', async () => (await text(page, '#banner')).includes('Another viewer is in control'));
		assert.equal(await page.locator('#banner-button').isVisible(), false);
		stub.stop();
	},

	async blank(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		await page.click('#blank');
		await until('the banner', async () => (await text(page, '#banner')).includes('blank for the agent'));
		assert.deepEqual(stub.controls[0][0], { do: 'blank', on: true });
		await page.click('#blank');
		await until('no banner', async () => !await page.locator('#banner').isVisible());
		stub.stop();
	},

	async 'a refusal is told'(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		stub.refuse = 'somebody else is <b>in control</b>';
		await page.click('#lease');
		await said(page, 'somebody else is <b>in control</b>');
		assert.equal(await page.locator('.toast b').count(), 0);
		stub.stop();
	},

	async quality(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		const level = () => [...stub.viewers][0].encodings.filter((e) => e >= -32 && e <= -23)[0] + 32;

		assert.equal(level(), 6);
		for (const [name, want] of [['best', 9], ['fast', 4], ['least', 1]]) {
			await page.selectOption('#quality', name);
			await until(`quality ${name}`, () => level() === want);
		}
		stub.stop();
	},

	async upload(browser) {
		const { stub, page } = await begin(browser);
		const name = 'Bericht ü €,漢\'"<b>.txt';

		await shown(page, BLUE);
		await page.setInputFiles('#files', { name, mimeType: 'text/plain', buffer: Buffer.from('hello') });
		await said(page, 'Uploaded: /tmp/uploads/');
		assert.equal(stub.uploads[0][0], name);
		assert.equal(String(stub.uploads[0][1]), 'hello');
		assert.equal(stub.uploads[0][2], '1');
		assert.equal(await text(page, '#uploads .done .what'), `/tmp/uploads/${name}`);
		await page.setInputFiles('#files', { name: 'big', mimeType: 'text/plain', buffer: Buffer.alloc((1 << 20) + 1) });
		await said(page, 'big is larger than 1.0 MiB');
		stub.refuse = 'no space is left in the pod';
		await page.setInputFiles('#files', [1, 2, 3].map((n) => ({ name: `f${n}`, mimeType: 'text/plain', buffer: Buffer.from('x') })));
		await until('all are told', async () => await page.locator('#uploads .failed').count() === 4);
		assert.equal(await text(page, '#uploads .failed .what >> nth=0'), 'no space is left in the pod');
		assert.equal(stub.uploads.length, 4);
		stub.stop();
	},

	async drop(browser) {
		const { stub, page } = await begin(browser);

		await shown(page, BLUE);
		const data = await page.evaluateHandle(() => {
			const transfer = new DataTransfer();

			transfer.items.add(new File(['dropped'], 'drop.txt'));
			return transfer;
		});

		await page.dispatchEvent('#screen', 'dragover', { dataTransfer: data });
		assert.equal(await page.locator('#drop').isVisible(), true);
		await page.dispatchEvent('#screen', 'drop', { dataTransfer: data });
		await until('it is there', () => stub.uploads.length === 1);
		assert.equal(await page.locator('#drop').isVisible(), false);
		assert.deepEqual(stub.uploads[0].slice(0, 2).map(String), ['drop.txt', 'dropped']);
		stub.stop();
	},

	async clipboard(browser) {
		const { stub, page, context } = await begin(browser, { permissions: ['clipboard-read', 'clipboard-write'] });

		await shown(page, BLUE);
		await page.click('#clip');
		[...stub.viewers][0].copied('from the pod');
		await until('it arrives', async () => await page.inputValue('#clipboard-text') === 'from the pod');
		await page.fill('#clipboard-text', 'to the pod');
		await page.click('#clipboard-send');
		await until('it arrives there', () => stub.cuts.includes('to the pod'));
		await page.evaluate(() => navigator.clipboard.writeText('in step'));
		await page.check('#clipboard-sync');
		await until('it is kept in step', () => stub.cuts.includes('in step'));
		[...stub.viewers][0].copied('back');
		await until('both ways', async () => await page.evaluate(() => navigator.clipboard.readText()) === 'back');
		await context.clearPermissions();
		stub.tell({ clipboard: false });
		await page.keyboard.press('Escape');
		await until('no button', async () => !await page.locator('#clip').isVisible());
		stub.stop();
	},

	async 'what is off'(browser) {
		const { stub, page } = await begin(browser, {
			prepare: (stub) => Object.assign(stub.state, { audio: false, upload: false, clipboard: false }),
		});

		await shown(page, BLUE);
		for (const id of ['#sound', '#upload', '#clip'])
			assert.equal(await page.locator(id).isVisible(), false);
		stub.stop();
	},

	async 'a link for looking'(browser) {
		const { stub, page } = await begin(browser, { prepare: (stub) => Object.assign(stub.state, { role: 'view' }) });

		await shown(page, BLUE);
		assert.equal([...stub.viewers][0].options.get('view'), '1');
		for (const id of ['#lease', '#blank', '#view'])
			assert.equal(await page.locator(id).isDisabled(), true);
		for (const id of ['#upload', '#clip'])
			assert.equal(await page.locator(id).isVisible(), false);
		stub.stop();
	},

	async sound(browser) {
		const { stub, page, faults } = await begin(browser, { before: tapSound });

		await shown(page, BLUE);
		const list = await tonePackets(page, 1000, 2);

		await page.click('#sound');
		await until('it is asked for', () => stub.sounds.size === 1);
		const stop = play(stub, list);

		await tone(page, 1000);
		assert.equal(await page.getAttribute('#sound', 'aria-pressed'), 'true');
		// A break is made good.
		for (const one of stub.sounds)
			one.stream.destroy();
		await until('silence', () => page.evaluate(() => window.TAP.loud() < 0.01));
		await until('it comes back', () => stub.sounds.size === 1);
		await tone(page, 1000);
		await page.click('#sound');
		await until('it stops', () => stub.sounds.size === 0);
		stop();
		assert.deepEqual(faults, []);
		stub.stop();
	},

	async 'sound without WebCodecs'(browser) {
		const { stub, page } = await begin(browser, { before: [tapSound, () => { delete window.AudioDecoder; }] });

		await shown(page, BLUE);
		await page.click('#sound');
		await until('the stream is asked for', () => stub.streams.size === 1);
		// A live stream as another page of this browser records it.
		const other = await open(browser, stub.url);

		await other.page.exposeFunction('give', (data) => {
			for (const stream of stub.streams)
				stream.write(Buffer.from(data));
		});
		await other.page.evaluate(() => {
			const context = new AudioContext(), to = context.createMediaStreamDestination();
			const tone = new OscillatorNode(context, { frequency: 700 });

			tone.connect(to);
			tone.start();
			const recorder = new MediaRecorder(to.stream, { mimeType: 'audio/webm;codecs=opus' });

			recorder.ondataavailable = async (event) => window.give([...new Uint8Array(await event.data.arrayBuffer())]);
			recorder.start(40);
		});
		await tone(page, 700);
		stub.stop();
	},

	async accessible(browser) {
		for (const colorScheme of ['light', 'dark']) {
			const { stub, page, context } = await begin(browser, {
				colorScheme,
				prepare: (stub) => Object.assign(stub.state, { lease: { viewer: 1, mine: false, seconds: 99 }, blank: true }),
			});

			await shown(page, BLUE);
			await page.setInputFiles('#files', { name: 'f', mimeType: 'text/plain', buffer: Buffer.from('x') });
			await said(page, 'Uploaded');
			await axe(page);
			await page.click('#clip');
			await axe(page);
			await page.keyboard.press('Escape');
			stub.service('x11', 'starting');
			stub.service('display', 'waiting');
			for (const viewer of stub.viewers)
				viewer.socket.stream.destroy();
			await until('progress', () => page.locator('#wait').isVisible());
			await axe(page);
			await context.close();
			stub.stop();
		}
	},

	async narrow(browser) {
		const { stub, page } = await begin(browser, { viewport: { width: 360, height: 640 } });

		await shown(page, BLUE);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
		for (const id of ['#lease', '#full', '#sound'])
			assert.ok((await page.locator(id).boundingBox()).width >= 24);
		await axe(page);
		stub.stop();
	},
});
