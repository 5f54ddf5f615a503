// SPDX-License-Identifier: Apache-2.0
// The page of a pod's desktop: it connects by itself, stays connected, and shows what pod-web says of the pod.
import { Screen } from './screen.js';
import { Sound } from './sound.js';
import { ask, control, follow } from './state.js';
import { toast } from './toasts.js';
import { dropped, upload } from './uploads.js';

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
	copied(text) {
		$('clipboard-text').value = text;
		if ($('clipboard-sync').checked)
			navigator.clipboard.writeText(text).catch(() => toast('The browser did not take what was copied', 'bad'));
	},
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

/* Files. */

$('upload').onclick = () => $('files').click();
$('files').onchange = () => {
	upload($('files').files, state.upload_max, toast);
	$('files').value = '';
};
$('uploads-close').onclick = () => {
	$('uploads').hidden = true;
};

function carriesFiles(event) {
	return state.upload && !onlyViews() && event.dataTransfer && event.dataTransfer.types.includes('Files');
}

document.addEventListener('dragover', (event) => {
	// A file that misses must not replace the page.
	event.preventDefault();
	if (!carriesFiles(event))
		event.dataTransfer.dropEffect = 'none';
	$('drop').hidden = !carriesFiles(event);
});
document.addEventListener('dragleave', (event) => {
	if (!event.relatedTarget)
		$('drop').hidden = true;
});
document.addEventListener('drop', (event) => {
	event.preventDefault();
	$('drop').hidden = true;
	if (!carriesFiles(event))
		return;
	const files = dropped(event.dataTransfer);

	if (!files.length)
		toast('Folders cannot be uploaded: pack them first', 'bad');
	upload(files, state.upload_max, toast);
});

/* The clipboard, where the pod file switches it on. */

$('clip').onclick = () => $('clipboard').showModal();
$('clipboard').addEventListener('close', () => screen.focus());
$('clipboard-send').onclick = () => {
	screen.paste($('clipboard-text').value);
	toast('Sent to the clipboard of the pod', 'good');
};
$('clipboard-copy').onclick = () => {
	navigator.clipboard.writeText($('clipboard-text').value)
		.then(() => toast('Copied', 'good'), (error) => toast(error.message, 'bad'));
};

// Reading needs a permission, which the browser asks for once.
async function send() {
	const text = await navigator.clipboard.readText();

	if (text && text !== $('clipboard-text').value) {
		$('clipboard-text').value = text;
		screen.paste(text);
	}
}
$('clipboard-sync').onchange = () => {
	if (!$('clipboard-sync').checked)
		return;
	send().catch(() => {
		$('clipboard-sync').checked = false;
		toast('The browser does not let this page read the clipboard', 'bad');
	});
};
addEventListener('focus', () => {
	if ($('clipboard-sync').checked && state.clipboard)
		send().catch(() => {});
});

if (location.hash === '#view')
	screen.viewOnly = true;
show();
