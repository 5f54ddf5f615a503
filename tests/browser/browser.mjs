// SPDX-License-Identifier: Apache-2.0
// browser.mjs FILE: keep a browser until told to end; its address is in FILE once it is up.
import fs from 'node:fs';
import { chromium } from './lib.mjs';

const server = await chromium.launchServer({
	executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
	headless: true,
	// Root has no sandbox here, and what is shown is our own.
	args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required'],
});

fs.writeFileSync(`${process.argv[2]}.new`, server.wsEndpoint());
fs.renameSync(`${process.argv[2]}.new`, process.argv[2]);
for (const signal of ['SIGTERM', 'SIGINT'])
	process.on(signal, () => server.close().then(() => process.exit()));
