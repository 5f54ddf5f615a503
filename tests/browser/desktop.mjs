// SPDX-License-Identifier: Apache-2.0
// A pod with a desktop, as its owner sees it in a browser: $LINK is a login of $POD's.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { assert, axe, near, open, pixel, run, tapSound, until } from './lib.mjs';

const { POD, LINK } = process.env;
const HOME = new URL('/', LINK).href;
const RED = [192, 32, 96];

const host = (...words) => execFileSync(words[0], words.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const pod = (...words) => host('envpod', 'run', POD, '--', ...words);
const tells = (...words) => {
	try {
		return pod(...words);
	} catch {
		return '';
	}
};
const text = (page, selector) => page.locator(selector).innerText();
// What the keeper says of its daemons (services), and the session of the pod's (session).
const told = (file) => JSON.parse(fs.readFileSync(`${process.env.ENVPOD_RUN_DIR}/${POD}/desktop/${file}.json`));
const session = () => told('session');

// A program of the pod's that goes on until the case ends.
const started = [];
function keep(...words) {
	started.push(spawn('envpod', ['run', POD, '--', ...words], { stdio: ['pipe', 'ignore', 'inherit'] }));
	return started.at(-1);
}
process.on('exit', () => started.forEach((one) => one.kill()));

// Other windows go: what a case sees is its own.
async function end() {
	for (const one of started.splice(0)) {
		const gone = new Promise((resolve) => one.once('exit', resolve));

		one.kill();
		await gone;
	}
}

async function enter(browser, options = {}) {
	const { page, context, faults } = await open(browser, LINK, options);

	await up(page);
	return { page, context, faults };
}

const up = (page) => until('connected', async () => (await text(page, '#status')).startsWith('Connected'));
const shows = (page, colour) => until('the window is seen', async () => near(await pixel(page, 60, 60), colour, 12));
// The window has to be there before a key is pressed.
const windowUp = (page) => until('the window', () => tells('sh', '-c', 'xwininfo -root -tree | grep -c xterm').trim() > 0 && page);

// A click at X, Y of the desktop, however large it is shown.
async function point(page, x, y, options) {
	const scale = await page.evaluate(() => {
		const canvas = document.querySelector('#screen canvas');

		return canvas.clientWidth / canvas.width;
	});

	await page.locator('#screen canvas').click({ position: { x: x * scale, y: y * scale }, ...options });
}
const paint = (colour) => keep('xterm', '-geometry', '40x12+20+20', '-b', '0', '-bg', colour, '-fg', colour, '-cr', colour, '-e', 'sleep', '600');
const RED_NAME = '#c02060';

// A WAV file of a tone, made in the pod; whole periods.
const TONE = `import math,struct,sys,wave
w = wave.open(sys.argv[1], 'wb'); w.setnchannels(2); w.setsampwidth(2); w.setframerate(48000)
n = 48000 // int(sys.argv[2])
w.writeframes(b''.join(struct.pack('<hh', *(2 * [int(16000 * math.sin(2 * math.pi * i / n))])) for i in range(n)) * (int(sys.argv[2]) * int(sys.argv[3])))`;

function tone(frequency, seconds) {
	pod('python3', '-c', TONE, '/tmp/tone.wav', String(frequency), String(seconds));
	return keep('paplay', '/tmp/tone.wav');
}

function hears(page, frequency) {
	return until(`a tone of ${frequency} Hz`, async () =>
		await page.evaluate(() => window.TAP && window.TAP.loud() > 0.05) &&
		Math.abs(await page.evaluate(() => window.TAP.peak()) - frequency) < 15);
}

// Kill a service of the desktop; until it is up again, as another process.
async function kill(name) {
	const find = () => session().services.find((one) => one.name === name);
	const { pid } = find();

	process.kill(pid, 'SIGKILL');
	await until(`${name} is begun again`, () => find().pid !== pid && find().state === 'up', 40000);
}

run({
	async 'the link'(browser) {
		const { page, context, faults } = await enter(browser);

		assert.equal(page.url(), HOME);
		const [cookie, ...others] = await context.cookies();

		assert.deepEqual(others, []);
		assert.equal(cookie.httpOnly, true);
		assert.equal(cookie.sameSite, 'Strict');
		assert.deepEqual(faults, []);
		// Whoever comes later with it is refused, and whoever has no login sees nothing.
		const other = await (await browser.newContext()).newPage();

		for (const [url, status] of [[LINK, 410], [HOME, 401], [`${HOME}state`, 401]])
			assert.equal((await other.goto(url)).status(), status, url);
	},

	async 'a window'(browser) {
		const { page, faults } = await enter(browser);

		assert.equal(await text(page, '#pod'), POD);
		paint(RED_NAME);
		await shows(page, RED);
		await end();
		await until('it is gone', async () => !near(await pixel(page, 60, 60), RED, 12));
		assert.deepEqual(faults, []);
	},

	async typing(browser) {
		const { page } = await enter(browser);

		paint(RED_NAME);
		await shows(page, RED);
		await end();
		keep('xterm', '-geometry', '60x12+20+20', '-e', 'sh', '-c', 'read line; echo "$line" >/tmp/typed; sleep 600');
		await until('the line arrives', async () => {
			await point(page, 150, 100);
			await page.keyboard.type('Hello, pod ~ 42\n');
			return tells('cat', '/tmp/typed').includes('Hello, pod ~ 42');
		});
		pod('rm', '-f', '/tmp/typed');
		await end();
	},

	async upload(browser) {
		const { page } = await enter(browser);
		const data = Buffer.alloc(3 << 20, 'some bytes of a file, ');
		const name = `Bericht ü € ${Date.now()}.bin`;

		await page.setInputFiles('#files', { name, mimeType: 'application/octet-stream', buffer: data });
		const there = await until('it is there', async () =>
			(await page.locator('#uploads .done .what').count()) && text(page, '#uploads .done .what'));

		assert.ok(there.endsWith(name), there);
		assert.equal(Buffer.compare(execFileSync('envpod', ['run', POD, '--', 'cat', there], { maxBuffer: 1 << 24 }), data), 0);
		pod('rm', there);
	},

	async sound(browser) {
		const { page, faults } = await enter(browser, { before: tapSound });

		await page.click('#sound');
		tone(1000, 60);
		await hears(page, 1000);
		// What other programs play is the same, as WebM.
		const peak = await page.evaluate(async () => {
			const answer = await fetch('audio.webm'), reader = answer.body.getReader(), pieces = [];

			for (const end = Date.now() + 3000; Date.now() < end;)
				pieces.push((await reader.read()).value);
			await reader.cancel();
			const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(await new Blob(pieces).arrayBuffer());
			const samples = sound.getChannelData(0), rising = [];

			// From well below to well above: silence has crossings, too.
			for (let i = 0, low = false; i < samples.length; i++) {
				if (samples[i] > 0.05 && low)
					rising.push(i);
				low = samples[i] < -0.05 || (low && samples[i] <= 0.05);
			}
			const periods = rising.slice(1).map((at, i) => at - rising[i]).sort((x, y) => x - y);

			return 48000 / periods[periods.length >> 1];
		});

		assert.ok(Math.abs(peak - 1000) < 15, `${peak} Hz`);
		await end();
		await until('silence', () => page.evaluate(() => window.TAP.loud() < 0.001));
		assert.deepEqual(faults, []);
	},

	async 'services die'(browser) {
		const { page } = await enter(browser, { before: tapSound });

		for (const { name } of session().services.filter((one) => one.state === 'up')) {
			await kill(name);
			await until('everything is up', () => session().ready, 40000);
			await up(page);
		}
		paint(RED_NAME);
		await shows(page, RED);
		await end();
		await page.click('#sound');
		tone(800, 60);
		await hears(page, 800);
		await end();
	},

	async 'pod-web dies'(browser) {
		const { page } = await enter(browser);

		process.kill(told('services').services.find((one) => one.name === 'web').pid, 'SIGKILL');
		await until('it says so', async () => await text(page, '#status') === 'Connecting again');
		// The same login, the same address.
		await up(page);
		paint(RED_NAME);
		await shows(page, RED);
		await end();
	},

	async 'view only'(browser) {
		const { page } = await enter(browser);

		keep('xterm', '-geometry', '60x12+20+20', '-e', 'bash', '-c', 'rm -f /tmp/seen; read -n1 line; echo "$line" >/tmp/seen; sleep 600');
		await windowUp(page);
		await page.click('#view');
		await until('it is one', async () => await text(page, '#status') === 'Connected, view only');
		await point(page, 150, 100);
		await page.keyboard.press('q');
		await page.click('#view');
		await until('and back', async () => await text(page, '#status') === 'Connected');
		await until('another key', async () => {
			await point(page, 150, 100);
			await page.keyboard.press('w');
			return tells('cat', '/tmp/seen').trim();
		});
		assert.match(tells('cat', '/tmp/seen'), /^w/);
		await end();
	},

	async lease(browser) {
		const { page } = await enter(browser);
		const click = () => {
			try {
				pod('pod-display', 'click', '300', '300');
				return 0;
			} catch (error) {
				return error.status;
			}
		};

		assert.equal(click(), 0);
		await page.click('#lease');
		await until('the banner', async () => (await text(page, '#banner')).includes('You are in control'));
		assert.equal(click(), 75);
		await page.click('#banner-button');
		await until('it is given back', async () => !await page.locator('#banner').isVisible());
		assert.equal(click(), 0);
		// Whoever has it and goes gives it back.
		await page.click('#lease');
		await until('refused again', () => click() === 75);
		await page.close();
		await until('given back', () => click() === 0);
	},

	async clipboard(browser) {
		const { page } = await enter(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
		const terminal = ['xterm', '-u8', '-xrm', 'XTerm*selectToClipboard: true', '-geometry', '60x12+20+20', '-e', 'sh', '-c'];

		keep(...terminal, 'rm -f /tmp/pasted; clear; echo wordsofthepod; while read line; do echo "$line" >>/tmp/pasted; done');
		await windowUp(page);
		await until('a word is copied', async () => {
			await point(page, 60, 50, { clickCount: 2 });
			return await page.inputValue('#clipboard-text') === 'wordsofthepod';
		});
		await page.click('#clip');
		await page.fill('#clipboard-text', 'für den Pod €');
		await page.click('#clipboard-send');
		await page.keyboard.press('Escape');
		// Clicks in quick succession would select, and the terminal would have the clipboard again.
		await page.waitForTimeout(1000);
		await point(page, 60, 150);
		await until('it is pasted there', async () => {
			await page.keyboard.press('Shift+Insert');
			await page.keyboard.press('Enter');
			return tells('cat', '/tmp/pasted').includes('für den Pod €');
		});
		pod('rm', '-f', '/tmp/pasted');
		await end();
	},

	async accessible(browser) {
		const { page } = await enter(browser);

		await axe(page);
	},

	// Another site, open in the browser that is logged in.
	async 'another site'(browser) {
		const { page, context } = await enter(browser);
		const server = http.createServer((_, answer) => answer.end('<!doctype html><title>x</title><body>'));

		await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
		for (const name of ['127.0.0.1', 'other.localhost', `x.${new URL(HOME).hostname}`]) {
			const other = await context.newPage();

			await other.goto(`http://${name}:${server.address().port}/`);
			const got = await other.evaluate(async (home) => {
				const socket = (path) => new Promise((done) => {
					const ws = new WebSocket(home.replace('http', 'ws') + path);

					ws.onopen = () => done('open');
					ws.onerror = () => done('refused');
				});
				const ask = (path, options) => fetch(home + path, { credentials: 'include', ...options })
					.then(() => 'read', () => 'refused');
				const frame = () => new Promise((done) => {
					const place = document.createElement('iframe');

					place.src = home;
					place.onload = () => {
						try {
							done(place.contentDocument ? 'refused' : 'foreign');
						} catch {
							done('foreign');
						}
					};
					document.body.append(place);
				});

				return [await socket('ws/display'), await socket('ws/audio'), await ask('state'), await ask('events'),
					await ask('control', { method: 'POST', body: '{"do":"blank","on":true}' }),
					await ask('upload', { method: 'POST', headers: { 'X-File-Name': 'x' }, body: 'x' }), await frame()];
			}, HOME);

			assert.deepEqual(got.slice(0, 6), Array(6).fill('refused'), name);
			assert.deepEqual(other.frames().slice(1).filter((one) => one.url() === HOME), [], 'it is in no frame');
		}
		// Not even without an answer: a form needs no permission to be sent.
		const other = await context.newPage();

		await other.goto(`http://127.0.0.1:${server.address().port}/`);
		await other.evaluate((home) => fetch(`${home}control`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"do":"blank","on":true}' }).catch(() => {}), HOME);
		const state = await page.evaluate(async () => (await fetch('state')).json());

		assert.equal(state.blank, false);
		assert.deepEqual(state.viewers.length, 1);
		server.close();
	},
});
