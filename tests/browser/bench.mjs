// SPDX-License-Identifier: Apache-2.0
// What a desktop costs to look at: from a key to the picture of it, from a sound to hearing it.  Prints NDJSON.
import { spawn } from 'node:child_process';
import { assert, near, open, pixel, run, tapSound, until } from './lib.mjs';

const { POD, LINK } = process.env;
const KEYS = Number(process.env.KEYS ?? 60), BURSTS = Number(process.env.BURSTS ?? 12);

function told(bench, values, more) {
	const sorted = values.sort((a, b) => a - b);
	const at = (share) => Math.round(10 * sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]) / 10;

	console.log(JSON.stringify({ bench, n: sorted.length, p50_ms: at(0.5), p95_ms: at(0.95), max_ms: at(1), ...more }));
}

async function enter(browser, options) {
	const { page } = await open(browser, LINK, options);

	await until('connected', async () => (await page.locator('#status').innerText()).startsWith('Connected'));
	return page;
}

function keep(...words) {
	const child = spawn('envpod', ['run', POD, '--', ...words], { stdio: ['ignore', 'ignore', 'inherit'] });

	process.on('exit', () => child.kill());
	return child;
}

// A program in the pod that turns the window over at each key: the terminal's reverse video.
const TURN = 'stty -icanon -echo; n=0; while read -rn1 _; do n=$((1 - n)); [ $n = 1 ] && printf "\\033[?5h" || printf "\\033[?5l"; done';

run({
	// From the event in the page to the frame in which the page's own canvas has changed.
	async key(browser) {
		const page = await enter(browser);

		keep('xterm', '-geometry', '80x24+20+20', '-b', '0', '-bg', '#102030', '-fg', '#e0d0c0', '-e', 'bash', '-c', TURN);
		await until('the window', async () => near(await pixel(page, 200, 150), [16, 32, 48], 12));
		await page.locator('#screen canvas').click({ position: { x: 200, y: 150 } });
		await page.evaluate(() => {
			const canvas = document.querySelector('#screen canvas');
			const copy = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
			const bright = () => {
				copy.drawImage(canvas, 200, 150, 1, 1, 0, 0, 1, 1);
				return copy.getImageData(0, 0, 1, 1).data[0] > 120;
			};
			const seen = [];

			window.SEEN = seen;
			addEventListener('keydown', () => {
				const began = performance.now(), before = bright();
				const look = () => bright() !== before ? seen.push(performance.now() - began) : requestAnimationFrame(look);

				look();
			}, true);
		});
		for (let i = 0; i < KEYS; i++) {
			await page.keyboard.press('x');
			await until('it is seen', () => page.evaluate((n) => window.SEEN.length === n, i + 1));
		}
		told('key to picture in the browser', await page.evaluate(() => window.SEEN));
	},

	// Bursts of a tone, each written to the pod's sound server in time; both clocks are this machine's.
	async sound(browser) {
		const page = await enter(browser, { before: tapSound });
		const player = spawn('envpod', ['run', POD, '--', 'python3', '-uc', `
import math, struct, subprocess, time
p = subprocess.Popen(['pacat', '--raw', '--rate=48000', '--channels=2', '--format=s16le', '--latency-msec=20'], stdin=subprocess.PIPE)
def block(i, loud): return b''.join(struct.pack('<hh', *(2 * [int(loud * math.sin(2 * math.pi * 1000 * (i * 480 + n) / 48000))])) for n in range(480))
begin, burst = time.time(), block(0, 20000)
silence = bytes(len(burst))
for i in range(${BURSTS + 3} * 100):
    if i >= 300 and i % 100 == 0: print(time.time() * 1000)
    p.stdin.write(burst if i >= 300 and i % 100 < 10 else silence); p.stdin.flush()
    time.sleep(max(0, begin + (i + 1) / 100 - time.time()))
`], { stdio: ['ignore', 'pipe', 'inherit'] });
		const sent = [];

		player.stdout.on('data', (data) => sent.push(...String(data).trim().split('\n').map(Number)));
		await page.click('#sound');
		await until('sound', () => page.evaluate(() => window.TAP));
		await page.evaluate(() => {
			let loud = false;

			window.HEARD = [];
			setInterval(() => {
				const now = window.TAP.loud() > 0.1;

				if (now && !loud)
					window.HEARD.push(Date.now());
				loud = now;
			}, 2);
		});
		await new Promise((resolve) => player.once('exit', resolve));
		const heard = await page.evaluate(() => window.HEARD);
		const late = sent.map((time) => heard.find((at) => at >= time) - time).filter((ms) => ms < 900);
		const out = await page.evaluate(() => Math.round(1000 * (window.TAP.context.baseLatency + window.TAP.context.outputLatency)));

		assert.ok(late.length > BURSTS / 2, `${sent.length} sent, ${heard.length} heard`);
		told('sound to ear in the browser', late, { of: sent.length, and_output_ms: out });
	},
});
