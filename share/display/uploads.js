// SPDX-License-Identifier: Apache-2.0
// Files into the pod, one after the other, with progress; by a button or dropped onto the desktop.
import { toast } from './toasts.js';

const list = document.getElementById('uploads-list'), panel = document.getElementById('uploads');
const waiting = [];
const STAY = 8000;
let busy = false;
let leaving;

function size(bytes) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;

	for (; bytes >= 1024 && i < units.length - 1; i++)
		bytes /= 1024;
	return `${bytes.toFixed(i && bytes < 10 ? 1 : 0)} ${units[i]}`;
}

function row(file) {
	const item = document.createElement('li');
	const name = document.createElement('span');
	const bar = document.createElement('progress');
	const text = document.createElement('span');
	const stop = document.createElement('button');

	name.className = 'name';
	name.textContent = file.name;
	bar.max = 1;
	bar.value = 0;
	bar.setAttribute('aria-label', `Upload of ${file.name}`);
	text.className = 'what';
	text.textContent = `waits, ${size(file.size)}`;
	stop.type = 'button';
	stop.textContent = 'Cancel';
	stop.setAttribute('aria-label', `Cancel the upload of ${file.name}`);
	item.append(name, bar, text, stop);
	list.prepend(item);
	panel.hidden = false;
	return { item, bar, text, stop };
}

function answer(request) {
	try {
		return JSON.parse(request.responseText);
	} catch {
		return {};
	}
}

// fetch() tells nothing of what was sent so far.
function send(job) {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();

		request.open('POST', 'upload');
		request.setRequestHeader('X-File-Name', encodeURIComponent(job.file.name));
		request.setRequestHeader('X-Envpod', '1');
		request.setRequestHeader('Content-Type', 'application/octet-stream');
		request.upload.onprogress = (event) => {
			job.bar.value = event.total ? event.loaded / event.total : 1;
			job.text.textContent = `${size(event.loaded)} of ${size(event.total)}`;
		};
		request.onload = () => {
			const said = answer(request);

			if (request.status === 200 && said.ok)
				resolve(said);
			else
				reject(new Error(said.message || `refused (${request.status})`));
		};
		request.onerror = () => reject(new Error('the connection broke'));
		request.onabort = () => reject(new Error('cancelled'));
		job.stop.onclick = () => request.abort();
		request.send(job.file);
	});
}

// What went well needs nobody's eyes; an error stays until it was seen.
function leave() {
	clearTimeout(leaving);
	leaving = setTimeout(() => {
		if (busy || list.querySelector('.failed'))
			return;
		panel.hidden = true;
		list.replaceChildren();
	}, STAY);
}

async function next() {
	if (busy)
		return;
	if (!waiting.length)
		return leave();
	const job = waiting.shift();

	busy = true;
	try {
		const said = await send(job);

		job.bar.value = 1;
		job.item.className = 'done';
		job.text.textContent = said.path;
		toast(`Uploaded: ${said.path}`, 'good');
	} catch (error) {
		job.item.className = 'failed';
		job.text.textContent = error.message;
		toast(`${job.file.name}: ${error.message}`, 'bad');
	}
	job.stop.remove();
	busy = false;
	next();
}

function upload(files, most) {
	for (const file of files) {
		const job = { file, ...row(file) };

		if (most && file.size > most) {
			job.item.className = 'failed';
			job.text.textContent = `larger than ${size(most)}`;
			job.stop.remove();
			toast(`${file.name} is larger than ${size(most)}`, 'bad');
			continue;
		}
		job.stop.onclick = () => {
			waiting.splice(waiting.indexOf(job), 1);
			job.item.remove();
		};
		waiting.push(job);
	}
	next();
}

// A folder is no file: its entries have no bytes of their own.
function dropped(transfer) {
	return [...transfer.items].filter((item) => {
		const entry = item.webkitGetAsEntry && item.webkitGetAsEntry();

		return item.kind === 'file' && (!entry || entry.isFile);
	}).map((item) => item.getAsFile());
}

// By the button and by dropping; a file that misses must not replace the page.
export function takeFiles(allowed, most) {
	const button = document.getElementById('upload'), chosen = document.getElementById('files');
	const target = document.getElementById('drop');
	const carries = (event) => allowed() && event.dataTransfer && event.dataTransfer.types.includes('Files');

	button.onclick = () => chosen.click();
	chosen.onchange = () => {
		upload(chosen.files, most());
		chosen.value = '';
	};
	document.getElementById('uploads-close').onclick = () => {
		panel.hidden = true;
	};
	document.addEventListener('dragover', (event) => {
		event.preventDefault();
		if (!carries(event))
			event.dataTransfer.dropEffect = 'none';
		target.hidden = !carries(event);
	});
	document.addEventListener('dragleave', (event) => {
		if (!event.relatedTarget)
			target.hidden = true;
	});
	document.addEventListener('drop', (event) => {
		event.preventDefault();
		target.hidden = true;
		if (!carries(event))
			return;
		const files = dropped(event.dataTransfer);

		if (!files.length)
			toast('Folders cannot be uploaded: pack them first', 'bad');
		upload(files, most());
	});
}
