// SPDX-License-Identifier: Apache-2.0
// What tests in a browser share.  A file of tests is a table of cases; `node FILE CASE` runs one of them in the
// browser that browser.mjs keeps for the whole file (its address is in $BROWSER).
import { strict as assert } from 'node:assert';
import fs from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.B}/tests/browser/`);
export const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = 20000;

export { assert };

// Until it is true: for states, never for time itself.
export async function until(what, test, patience = PATIENCE) {
	for (const end = Date.now() + patience; ;) {
		const value = await test();

		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`never came true: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

// A page with what it complained of; faults that a case expects it takes out of the list.
export async function open(browser, url, options = {}) {
	const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, ...options });
	const page = await context.newPage();
	const faults = [];

	page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(message.text()));
	page.on('pageerror', (error) => faults.push(String(error)));
	for (const script of [options.before ?? []].flat())
		await context.addInitScript(script);
	if (url)
		await page.goto(url);
	return { context, page, faults };
}

// [red, green, blue] of the desktop at X, Y of its own pixels; null before there is a picture.
export function pixel(page, x, y) {
	return page.evaluate(([x, y]) => {
		const canvas = document.querySelector('#screen canvas');

		if (!canvas || !canvas.width)
			return null;
		// By a copy: reading a canvas itself makes the browser advise about it, on the console.
		const copy = new OffscreenCanvas(1, 1).getContext('2d');

		copy.drawImage(canvas, x, y, 1, 1, 0, 0, 1, 1);
		return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
	}, [x, y]);
}

// JPEG and 16-bit pixels come near a colour, no more.
export function near(a, b, off = 6) {
	return Boolean(a) && a.every((value, i) => Math.abs(value - b[i]) <= off);
}

export async function axe(page) {
	await page.evaluate(AXE);
	const { violations } = await page.evaluate(() => window.axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
	}));

	assert.deepEqual(violations.map((v) => [v.id, ...v.nodes.map((node) => node.html)]), []);
}

// Whatever a page plays passes here: TAP.peak() is the loudest frequency, TAP.loud() the level.
export function tapSound() {
	const connect = AudioNode.prototype.connect;

	AudioNode.prototype.connect = function (to, ...rest) {
		if (to === this.context.destination) {
			const meter = new AnalyserNode(this.context, { fftSize: 4096, smoothingTimeConstant: 0 });
			const bins = new Float32Array(meter.frequencyBinCount), samples = new Float32Array(4096);

			connect.call(this, meter);
			window.TAP = {
				context: this.context,
				peak() {
					meter.getFloatFrequencyData(bins);
					return bins.indexOf(Math.max(...bins)) * this.context.sampleRate / meter.fftSize;
				},
				loud() {
					meter.getFloatTimeDomainData(samples);
					return Math.max(...samples.map(Math.abs));
				},
			};
		}
		return connect.call(this, to, ...rest);
	};
}

export async function run(cases) {
	const test = cases[process.argv[2]];

	if (!test) {
		console.error(`no such case: ${process.argv[2]}; there are: ${Object.keys(cases).join(' ')}`);
		process.exit(64);
	}
	const browser = await chromium.connect(process.env.BROWSER);

	try {
		await test(browser);
	} catch (error) {
		console.error(error.stack);
		process.exitCode = 1;
	}
	await browser.close();
	process.exit();
}
