// SPDX-License-Identifier: Apache-2.0
// The desktop on the page: noVNC, and a connection that comes back by itself.
import RFB from './vendor/novnc/core/rfb.js';

const SOON = 250, LATEST = 5000;

// Tight's JPEG quality and zlib's effort; the encoder stands on this machine, so effort costs more than bytes.
const QUALITY = {
	best: [9, 1],
	good: [6, 2],
	fast: [4, 1],
	least: [1, 7],
};

export class Screen {
	// tell.up(), tell.down(), tell.copied(text), tell.leave(): the keys that leave the desktop
	constructor(place, tell) {
		this.place = place;
		this.tell = tell;
		this.number = 1 + crypto.getRandomValues(new Uint32Array(1))[0] % 0x7ffffffe;
		this.viewOnly = false;
		this.quality = 'good';
		this.size = 'fit';
		this.wanted = false;
		this.wait = SOON;
		place.addEventListener('keydown', (event) => this.key(event), true);
	}

	get up() {
		return this.connected === true;
	}

	address() {
		const url = new URL('ws/display', location.href);

		url.protocol = url.protocol.replace('http', 'ws');
		url.hash = '';
		url.searchParams.set('viewer', this.number);
		if (this.viewOnly)
			url.searchParams.set('view', 1);
		return url.href;
	}

	// There is something to connect to, or not yet.
	want(wanted) {
		if (wanted && !this.wanted)
			this.wait = SOON;
		this.wanted = wanted;
		if (!wanted)
			clearTimeout(this.timer);
		else if (!this.rfb)
			this.open();
	}

	open() {
		const rfb = new RFB(this.place, this.address());

		clearTimeout(this.timer);
		this.rfb = rfb;
		rfb.viewOnly = this.viewOnly;
		rfb.background = 'transparent';
		rfb.addEventListener('connect', () => this.begun());
		rfb.addEventListener('disconnect', () => this.ended(rfb));
		rfb.addEventListener('clipboard', (event) => this.tell.copied(event.detail.text));
		this.dress();
	}

	begun() {
		const canvas = this.canvas;

		this.connected = true;
		this.wait = SOON;
		canvas.tabIndex = 0;
		canvas.setAttribute('role', 'application');
		canvas.setAttribute('aria-label', 'Desktop of the pod');
		canvas.setAttribute('aria-describedby', 'keys');
		if (document.activeElement === document.body)
			this.rfb.focus();
		this.tell.up();
	}

	ended(rfb) {
		if (rfb !== this.rfb)
			return;
		this.rfb = null;
		this.connected = false;
		this.tell.down();
		if (!this.wanted)
			return;
		this.timer = setTimeout(() => this.open(), this.wait);
		this.wait = Math.min(2 * this.wait, LATEST);
	}

	// Another way of looking needs another connection: pod-web itself sees to it that a view is one.
	again() {
		const old = this.rfb;

		this.rfb = null;
		this.connected = false;
		if (old)
			old.disconnect();
		if (this.wanted)
			this.open();
	}

	get canvas() {
		return this.place.querySelector('canvas');
	}

	focus() {
		if (this.rfb)
			this.rfb.focus();
	}

	paste(text) {
		if (this.rfb)
			this.rfb.clipboardPasteFrom(text);
	}

	show(what) {
		Object.assign(this, what);
		if (this.rfb)
			this.dress();
	}

	dress() {
		const [quality, effort] = QUALITY[this.quality];

		this.rfb.qualityLevel = quality;
		this.rfb.compressionLevel = effort;
		this.rfb.scaleViewport = this.size === 'fit';
		this.rfb.resizeSession = this.size === 'follow' && !this.viewOnly;
	}

	// All keys go to the pod while the desktop has the focus, Tab too: these three together lead out.
	key(event) {
		if (!event.ctrlKey || !event.altKey || !event.shiftKey ||
		    !['Control', 'Alt', 'Shift', 'Meta'].includes(event.key))
			return;
		event.preventDefault();
		event.stopImmediatePropagation();
		// What is down goes up in the pod, as when the window loses the focus.
		window.dispatchEvent(new Event('blur'));
		this.tell.leave();
	}
}
