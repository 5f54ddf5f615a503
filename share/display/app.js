// SPDX-License-Identifier: Apache-2.0
// The page of a pod's desktop: it connects by itself, stays connected, and shows what pod-web says of the pod.
import { shareClipboard } from './clipboard.js';
import { Screen } from './screen.js';
import { Sound } from './sound.js';
import { ask, control, follow } from './state.js';
import { toast } from './toasts.js';
import { takeFiles } from './uploads.js';

const LEASE_S = 300;
const $ = (id) => document.getElementById(id);
let state = { services: [], viewers: [] };
let over = false;
let connectedOnce = false;

const sound = new Sound();
const screen = new Screen($('screen'), {
	up() {
		toast(connectedOnce ? 'The desktop is back' : 'Connected to the desktop', 'good');
		connectedOnce = true;
		show();
	},
	down() {
		show();
	},
	copied: (text) => copied(text),
	leave() {
		document.querySelector('.tools button:not([hidden])').focus();
	},
});

function set(element, values) {
	for (const [name, value] of Object.entries(values)) {
		if (element[name] !== value)
			element[name] = value;
	}
}

function press(id, on) {
	$(id).setAttribute('aria-pressed', String(on));
}

/* What is there, and what is not yet. */

function status(kind, text) {
	$('status').dataset.state = kind;
	set($('status-text'), { textContent: text });
}

function showStatus() {
	if (over)
		status('bad', 'This login has ended');
	else if (screen.up)
		status('good', screen.viewOnly ? 'Connected, view only' : 'Connected');
	else
		status('wait', connectedOnce ? 'Connecting again' : 'Connecting');
}

function serviceLine(service) {
	const item = document.createElement('li');
	const again = service.restarts ? `, begun ${service.restarts + 1} times` : '';

	item.dataset.state = service.state;
	item.textContent = `${service.name}: ${service.state}${again}`;
	return item;
}

function showWait() {
	const { services } = state;
	const up = services.filter((service) => service.state === 'up').length;

	set($('wait'), { hidden: screen.up });
	if (screen.up)
		return;
	if (over) {
		set($('wait-title'), { textContent: 'This login has ended' });
		set($('wait-text'), { textContent: `Open a new link: envpod display ${state.pod || 'POD'}` });
		$('wait-services').replaceChildren();
		$('wait-progress').hidden = true;
		return;
	}
	set($('wait-title'), { textContent: connectedOnce ? 'The desktop is coming back' : 'Starting the desktop' });
	set($('wait-text'), { textContent: services.length ? `${up} of ${services.length} services are up` : '' });
	if (services.length)
		set($('wait-progress'), { max: services.length, value: up });
	$('wait-services').replaceChildren(...services.map(serviceLine));
}

function showBanner() {
	const { lease, blank } = state;
	const words = [];

	if (lease && lease.viewer === screen.number)
		words.push(`You are in control: the agent's keys and pointer are refused (${lease.seconds} s).`);
	else if (lease)
		words.push(`Another viewer is in control: your keys and pointer are refused (${lease.seconds} s).`);
	if (blank)
		words.push('The screen is blank for the agent.');
	set($('banner'), { hidden: !words.length });
	set($('banner-text'), { textContent: words.join(' ') });
	set($('banner-button'), { hidden: !mine() });
	press('lease', mine());
	press('blank', Boolean(blank));
	document.body.classList.toggle('mine', mine());
}

function mine() {
	return Boolean(state.lease && state.lease.viewer === screen.number);
}

function show() {
	showStatus();
	showWait();
	showBanner();
	$('view').disabled = over || onlyViews();
	$('blank').disabled = over || onlyViews();
	$('lease').disabled = over || screen.viewOnly || !screen.up;
	press('view', screen.viewOnly);
	set($('sound'), { hidden: !state.audio });
	set($('upload'), { hidden: !state.upload || onlyViews() });
	set($('clip'), { hidden: !state.clipboard || onlyViews() });
}

// Who logged in by a link that is for looking alone.
function onlyViews() {
	return state.role === 'view';
}

/* What pod-web says. */

function services(before, now) {
	const was = new Map(before.map((service) => [service.name, service]));

	for (const service of now) {
		const old = was.get(service.name);

		if (!old || old.state === service.state)
			continue;
		if (old.state === 'up')
			toast(`${service.name} is down; it is started again`, 'bad');
		else if (service.state === 'up' && connectedOnce)
			toast(`${service.name} is up`, 'good');
	}
}

function displayReady() {
	const display = state.services.find((service) => service.name === 'display');

	return display ? display.state === 'up' : state.ready;
}

function take(next) {
	const before = state;

	state = { services: [], viewers: [], ...next };
	over = false;
	if (onlyViews())
		screen.viewOnly = true;
	services(before.services, state.services);
	if (before.lease && !state.lease)
		toast('Nobody is in control any more: the agent goes on');
	else if (state.lease && !before.lease && !mine())
		toast('Another viewer took control');
	set($('pod'), { textContent: state.pod });
	document.title = `${state.pod} · envpod`;
	screen.want(displayReady());
	show();
}

follow({
	state: take,
	lost: show,
	ended() {
		over = true;
		screen.want(false);
		show();
	},
});

// Nothing is sent while a lease just runs down.
setInterval(() => {
	if (!state.lease || state.lease.seconds <= 0)
		return;
	state.lease.seconds--;
	showBanner();
}, 1000);

/* What can be done. */

async function change(what) {
	try {
		await control(what);
		take(await ask());
	} catch (error) {
		toast(error.message, 'bad');
	}
}

function lease(seconds) {
	return change({ do: 'lease', viewer: screen.number, seconds });
}

$('lease').onclick = () => lease(mine() ? 0 : LEASE_S);
$('banner-button').onclick = () => lease(0);
$('blank').onclick = () => change({ do: 'blank', on: !state.blank });
$('view').onclick = () => {
	screen.viewOnly = !screen.viewOnly;
	screen.again();
	show();
};
for (const id of ['quality', 'size'])
	$(id).onchange = () => screen.show({ [id]: $(id).value });

$('full').onclick = () => {
	if (document.fullscreenElement)
		document.exitFullscreen();
	else
		document.documentElement.requestFullscreen().catch((error) => toast(error.message, 'bad'));
};
document.addEventListener('fullscreenchange', () => {
	set($('full'), { textContent: document.fullscreenElement ? 'Leave full screen' : 'Full screen' });
	screen.focus();
});

$('sound').onclick = () => {
	if (sound.on)
		sound.stop();
	else
		sound.start().catch((error) => toast(`Sound: ${error.message}`, 'bad'));
	press('sound', sound.on);
};
function meter() {
	if (sound.on)
		$('level').style.transform = `scaleX(${sound.level().toFixed(2)})`;
	requestAnimationFrame(meter);
}
meter();

/* Files and the clipboard, where the pod file switches them on. */

takeFiles(() => state.upload && !onlyViews(), () => state.upload_max);
const copied = shareClipboard(screen, () => state.clipboard && !onlyViews());

if (location.hash === '#view')
	screen.viewOnly = true;
show();
