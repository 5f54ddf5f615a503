// SPDX-License-Identifier: Apache-2.0
// The dashboard, as a person uses it, against a pod-dash that serves.
import { assert, axe, open, run, until } from './lib.mjs';

const { LINK, PROJECT } = process.env;

async function begin(browser, options) {
	const { page, context, faults } = await open(browser, LINK, options);

	await page.locator('.card').first().waitFor();
	return { page, context, faults };
}

const toast = (page, words) => page.locator('#toasts p', { hasText: words }).first().waitFor();
const tab = (page, name) => page.locator('.tabs a', { hasText: name }).click();

async function pod(page, name, which) {
	await page.locator('.card a', { hasText: name }).first().click();
	await page.locator('h1', { hasText: name }).waitFor();
	if (which)
		await tab(page, which);
}

run({
	'the fleet': async (browser) => {
		const { page, faults } = await begin(browser);

		await until('the stream is live', async () => await page.locator('#live').innerText() === 'live');
		await page.locator('.card a.flag', { hasText: 'changed' }).waitFor();
		await page.locator('#filter').fill('nothing-like-it');
		assert.equal(await page.locator('.card').count(), 0);
		await page.locator('#filter').fill('');
		await page.locator('.card').first().waitFor();
		assert.deepEqual(faults, []);
	},

	'two files of three': async (browser) => {
		const { page, faults } = await begin(browser);

		await pod(page, 'web', 'Diff');
		await page.locator('td.path a').nth(2).waitFor();
		await page.locator('td.path a', { hasText: `${PROJECT}/a` }).click();
		await page.locator('.diff .add', { hasText: '+two' }).waitFor();
		await page.getByText('Side by side, or not').click();
		await page.locator('.sides .add', { hasText: '+two' }).waitFor();
		for (const file of ['a', 'b'])
			await page.getByLabel(`select ${PROJECT}/${file}`, { exact: true }).check();
		await page.locator('[data-key=c]').click();
		await toast(page, 'committed');
		await until('one change is left', async () => await page.locator('td.path a').count() === 1);
		assert.deepEqual(faults, []);
	},

	'an action': async (browser) => {
		const { page, faults } = await begin(browser);

		await pod(page, 'web', 'Queue');
		await page.locator('tr', { hasText: '<b>please</b>' }).getByText('Approve', { exact: true }).click();
		await toast(page, 'approved');
		await page.getByText('Nothing waits for you.').waitFor();
		assert.equal(await page.locator('td b').count(), 0);
		assert.deepEqual(faults, []);
	},

	'a pod is made and destroyed': async (browser) => {
		const { page, faults } = await begin(browser);

		await page.getByText('New pod').click();
		await page.locator('dialog [name=name]').fill('made');
		await page.locator('dialog textarea').fill('usr: root\n');
		await page.locator('#wrong', { hasText: 'did you mean user' }).waitFor();
		await page.locator('dialog textarea').fill('network: {mode: None}\n');
		await until('it is right', async () => await page.locator('#wrong').innerText() === '');
		await page.locator('dialog').getByText('Create', { exact: true }).click();
		const card = page.locator('.card[data-pod=made]');

		await card.waitFor();
		await card.getByText('Destroy').click();
		await page.locator('dialog [name=typed]').fill('mad');
		await page.locator('dialog').getByText('Destroy', { exact: true }).click();
		await toast(page, 'nothing was destroyed');
		await card.getByText('Destroy').click();
		await page.locator('dialog [name=typed]').fill('made');
		await page.locator('dialog').getByText('Destroy', { exact: true }).click();
		await card.waitFor({ state: 'detached' });
		// what was no pod file is a fault of the page's console: the browser says so of any 422
		assert.deepEqual(faults.filter((fault) => !/422/.test(fault)), []);
	},

	'every tab': async (browser) => {
		const { page, faults } = await begin(browser);

		await pod(page, 'web');
		for (const name of ['Overview', 'Diff', 'Queue', 'Audit', 'Network', 'Resources', 'Snapshots', 'Vault', 'Display', 'Log']) {
			await tab(page, name);
			await page.locator('.tabs a[aria-current]', { hasText: name }).waitFor();
			await until(`${name} shows something`, async () => await page.locator('main section').innerText() !== '' || await page.locator('main section pre').count() > 0);
			assert.equal(await page.locator('main section > p.bad').count(), 0, name);
		}
		// it has no log: the browser says so of any 422
		assert.deepEqual(faults.filter((fault) => !/422/.test(fault)), []);
	},

	'the keyboard': async (browser) => {
		const { page } = await begin(browser);

		await page.locator('main').focus();
		await page.keyboard.press('j');
		await page.locator('.card.here').waitFor();
		await page.keyboard.press(' ');
		assert.equal(await page.locator('.card.here input').isChecked(), true);
		await page.keyboard.press('?');
		await page.locator('dialog', { hasText: 'roll back what is selected' }).waitFor();
	},

	accessible: async (browser) => {
		for (const colorScheme of ['light', 'dark']) {
			const { page, context } = await open(browser, colorScheme === 'light' ? LINK : process.env.LINK2, { colorScheme });

			await page.locator('.card').first().waitFor();
			await axe(page);
			await pod(page, 'web', 'Diff');
			await page.locator('td.path').first().waitFor();
			await axe(page);
			await context.close();
		}
	},

	small: async (browser) => {
		const { page, context } = await open(browser, '');
		let bytes = 0;

		page.on('response', async (response) => { bytes += (await response.body().catch(() => '')).length; });
		await page.goto(LINK);
		await page.locator('.card').first().waitFor();
		assert.ok(bytes < 200000, `${bytes} bytes`);
		await page.setViewportSize({ width: 360, height: 640 });
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than a phone');
		await context.close();
	},

	picture: async (browser) => {
		const { page } = await begin(browser);

		await page.locator('.card a.flag').first().waitFor();
		await until('there are figures', async () => (await page.locator('.card dd').allInnerTexts()).some((text) => text.includes('%')));
		await page.waitForTimeout(12000); // a line is more than a point
		await page.screenshot({ path: process.env.PICTURE });
	},
});
