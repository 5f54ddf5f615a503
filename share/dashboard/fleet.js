// All pods: a card each; only what is seen is drawn and asked about.
import { api, change, get, listen, name } from "./api.js";
import { ask, bytes, calm, h, label, show, toast } from "./ui.js";
import * as plot from "./plot.js";

const filters = { text: "", state: "", order: "name" };
const selected = new Set();

function facts(pod, card) {
	const points = plot.of(pod.name);
	const now = points.at(-1);
	const values = card.querySelectorAll("dd");
	const texts = now
		? [`${now.cpu.toFixed(0)} %`, bytes(now.memory), String(now.pids), `${bytes(now.up + now.down)}/s`]
		: ["–", "–", "–", "–"];
	values.forEach((value, i) => { value.textContent = texts[i]; });
	plot.spark(card.querySelector("canvas"), points.slice(-60), (point) => point.cpu, 100);
}

/* What only a command can say, for a card that is looked at: what waits, and for whom. */
async function details(pod, card) {
	const flags = card.querySelector(".flags");
	const said = await get(`/pods/${name(pod.name)}`).catch(() => null);
	if (!said)
		return;
	const some = [];
	if (said.actions_waiting)
		some.push(h("a", { class: "flag", href: `#/pod/${name(pod.name)}/queue` }, `${said.actions_waiting} to approve`));
	const changes = await get(`/pods/${name(pod.name)}/diff`).catch(() => []);
	if (changes.length)
		some.push(h("a", { class: "flag", href: `#/pod/${name(pod.name)}/diff` }, `${changes.length} changed`));
	if (pod.used_up)
		some.push(h("span", { class: "flag" }, `used up: ${pod.used_up}`));
	show(flags, some);
}

const deeds = {
	running: [["Freeze", "freeze"], ["Stop", "stop"]],
	frozen: [["Resume", "resume"], ["Stop", "stop"]],
	created: [["Start", "start"]],
	stopped: [["Start", "start"]],
};

function card(pod) {
	const path = `/pods/${name(pod.name)}`;
	const box = h("input", { type: "checkbox", "aria-label": `select ${pod.name}`,
		change: (event) => (event.target.checked ? selected.add(pod.name) : selected.delete(pod.name)) });
	box.checked = selected.has(pod.name);
	return h("li", { class: "card", "data-pod": pod.name },
		h("h2", {}, box, h("a", { href: `#/pod/${name(pod.name)}` }, pod.name), h("span", { class: `state ${pod.status}` }, pod.status)),
		h("canvas", { role: "img", "aria-label": `processor use of ${pod.name}` }),
		h("dl", {}, ["cpu", "memory", "pids", "network"].map((what) => h("div", {}, h("dt", {}, what), h("dd", {}, "–")))),
		h("div", { class: "flags bar" }),
		h("div", { class: "bar" }, (deeds[pod.status] ?? []).map(([text, deed]) =>
			h("button", { type: "button", click: () => change("POST", `${path}/${deed}`) }, text)),
			h("button", { type: "button", click: () => clone(pod.name) }, "Clone"),
			h("button", { type: "button", class: "danger", click: () => destroy(pod.name) }, "Destroy")));
}

export async function clone(pod) {
	const said = await ask(`Clone ${pod}`, [
		label("Name of the clone", h("input", { name: "new_name", required: true, pattern: "[a-z0-9][a-z0-9._\\-]*" })),
		h("label", {}, h("input", { type: "checkbox", name: "current" }), " with what it has changed so far")], "Clone");
	if (said)
		change("POST", `/pods/${name(pod)}/clone`, { new_name: said.new_name, current: said.current === "on" });
}

export async function destroy(pod) {
	const said = await ask(`Destroy ${pod}`, [
		h("p", {}, "Its files and snapshots go; its record stays in the archive. Type its name."),
		label("Name", h("input", { name: "typed", required: true, autocomplete: "off" })),
		h("label", {}, h("input", { type: "checkbox", name: "force" }), " also with changes that were not committed")], "Destroy", true);
	if (!said)
		return false;
	if (said.typed !== pod) {
		toast(`That is not ${pod}: nothing was destroyed.`, true);
		return false;
	}
	return change("DELETE", `/pods/${name(pod)}`, { force: said.force === "on" });
}

async function create() {
	const presets = await get("/presets").catch(() => []);
	const file = h("textarea", { name: "config", rows: "12", spellcheck: "false", "aria-describedby": "wrong" });
	const wrong = h("pre", { id: "wrong", class: "bad", role: "status" });
	const check = calm(async () => {
		wrong.textContent = file.value ? await api("POST", "/check", { config: file.value }).then(() => "", (failure) => failure.message) : "";
	}, 300);
	file.addEventListener("input", check);
	const said = await ask("A new pod", [
		label("Name", h("input", { name: "name", required: true, pattern: "[a-z0-9][a-z0-9._\\-]*" })),
		label("Preset", h("select", { name: "preset" }, h("option", { value: "" }, "none: every default, or the file below"),
			presets.map((preset) => h("option", { value: preset.name }, `${preset.name}: ${preset.description}`)))),
		label("Or a pod file", file), wrong], "Create");
	if (said)
		change("POST", "/pods", Object.fromEntries(Object.entries({ name: said.name, preset: said.preset, config: said.preset ? "" : said.config }).filter(([, value]) => value)));
}

function matches(pod) {
	return pod.name.includes(filters.text) && (!filters.state || pod.status === filters.state);
}

const orders = {
	name: (a, b) => (a.name < b.name ? -1 : 1),
	state: (a, b) => (a.status === b.status ? orders.name(a, b) : a.status < b.status ? -1 : 1),
	cpu: (a, b) => (plot.of(b.name).at(-1)?.cpu ?? -1) - (plot.of(a.name).at(-1)?.cpu ?? -1) || orders.name(a, b),
	memory: (a, b) => (plot.of(b.name).at(-1)?.memory ?? -1) - (plot.of(a.name).at(-1)?.memory ?? -1) || orders.name(a, b),
};

async function bulk(deed) {
	for (const pod of [...selected])
		await change("POST", `/pods/${name(pod)}/${deed}`, {}, `${pod}: ${deed}`);
}

export function fleet(main) {
	let pods = [];
	const seen = new Set();
	const list = h("ul", { class: "cards" });
	const count = h("span", { class: "quiet", role: "status" });
	const watcher = new IntersectionObserver((entries) => {
		for (const entry of entries) {
			const pod = pods.find((one) => one.name === entry.target.dataset.pod);
			if (!entry.isIntersecting) {
				seen.delete(entry.target);
			} else if (pod) {
				seen.add(entry.target);
				facts(pod, entry.target);
				details(pod, entry.target);
			}
		}
	});
	const draw = () => {
		const shown = pods.filter(matches).sort(orders[filters.order]);
		watcher.disconnect();
		seen.clear();
		const here = list.querySelector(".here")?.dataset.pod;
		show(list, shown.map(card));
		for (const one of list.children) {
			one.classList.toggle("here", one.dataset.pod === here);
			watcher.observe(one);
		}
		count.textContent = `${shown.length} of ${pods.length} pods`;
	};
	const load = async () => {
		try {
			pods = await get("/pods");
			draw();
		} catch (failure) {
			toast(failure.message, true);
		}
	};
	const again = calm(load, 200);
	const plots = () => {
		for (const one of seen)
			facts({ name: one.dataset.pod }, one);
	};
	show(main, h("h1", {}, "Pods"),
		h("div", { class: "bar" },
			h("button", { type: "button", class: "main", click: create }, "New pod"),
			h("input", { type: "search", placeholder: "Filter (/)", "aria-label": "filter by name", value: filters.text, id: "filter",
				input: (event) => { filters.text = event.target.value; draw(); } }),
			h("select", { "aria-label": "which states", change: (event) => { filters.state = event.target.value; draw(); } },
				["", "running", "frozen", "stopped", "created", "broken"].map((state) => h("option", { value: state }, state || "all states"))),
			h("select", { "aria-label": "order", change: (event) => { filters.order = event.target.value; draw(); } },
				Object.keys(orders).map((order) => h("option", { value: order }, `by ${order}`))),
			h("span", { class: "grow" }), count,
			["start", "stop", "freeze", "resume"].map((deed) => h("button", { type: "button", click: () => bulk(deed) }, `${deed} selected`))),
		list);
	load();
	return listen((news) => {
		if (news.usage)
			plots();
		else if (news.what?.includes("fleet") || news.what?.includes("state") || news.live)
			again();
		else if (news.pod)
			for (const one of seen)
				if (one.dataset.pod === news.pod)
					details(pods.find((pod) => pod.name === news.pod) ?? { name: news.pod }, one);
	});
}
