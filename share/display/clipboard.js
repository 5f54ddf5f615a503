// SPDX-License-Identifier: Apache-2.0
// The pod's clipboard and this browser's: by hand in a dialogue, or kept in step once the browser allows it.
import { toast } from './toasts.js';

const $ = (id) => document.getElementById(`clipboard${id}`);
const field = $('-text');

// Reading needs a permission, which the browser asks for once.
async function send(screen) {
	const text = await navigator.clipboard.readText();

	if (text && text !== field.value) {
		field.value = text;
		screen.paste(text);
	}
}

function copy(text) {
	return navigator.clipboard.writeText(text);
}

// Returns what is to be told of each text that was copied in the pod.
export function shareClipboard(screen, allowed) {
	document.getElementById('clip').onclick = () => $('').showModal();
	$('').addEventListener('close', () => screen.focus());
	$('-send').onclick = () => {
		screen.paste(field.value);
		toast('Sent to the clipboard of the pod', 'good');
	};
	$('-copy').onclick = () => {
		copy(field.value).then(() => toast('Copied', 'good'), (error) => toast(error.message, 'bad'));
	};
	$('-sync').onchange = () => {
		if (!$('-sync').checked)
			return;
		send(screen).catch(() => {
			$('-sync').checked = false;
			toast('The browser does not let this page read the clipboard', 'bad');
		});
	};
	addEventListener('focus', () => {
		if ($('-sync').checked && allowed())
			send(screen).catch(() => {});
	});
	return (text) => {
		field.value = text;
		if ($('-sync').checked)
			copy(text).catch(() => toast('The browser did not take what was copied', 'bad'));
	};
}
