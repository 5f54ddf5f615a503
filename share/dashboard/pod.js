// One pod: a tab is a function that draws itself and says which news concern it.
import { change, get, listen, name } from "./api.js";
import { ask, bytes, calm, h, label, show, toast, when } from "./ui.js";
import { clone, destroy } from "./fleet.js";
import * as plot from "./plot.js";
import { patch } from "./patch.js";

const table = (heads, rows, empty) => (rows.length
	? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => (head ? h("th", { scope: "col" }, head) : h("td", {}))))), h("tbody", {}, rows)))
	: h("p", { class: "quiet" }, empty));
const row = (...cells) => h("tr", { "data-row": true }, cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : h("td", {}, cell ?? ""))));
const facts = (pairs) => h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
const button = (text, click, kind) => h("button", { type: "button", class: kind, click }, text);

async function overview(place, path) {
	const [status, findings, undo] = await Promise.all([get(path), get(`${path}/security`).catch(() => []), get(`${path}/undo`).catch(() => [])]);
	show(place,
		h("h2", {}, "What it is"),
		facts([["state", status.status], ["made", when(status.created_at)], ["user", status.user], ["view", status.view], ["system", status.system_access],
			["network", `${status.network} (wall ${status.wall})`], ["addresses", status.addresses], ["system calls", status.seccomp],
			["ports", [...status.ports, ...status.public_ports].join(", ")], ["secrets go to", status.injects.join(", ")],
			["runs without", status.without.join(", ")], ["writes past review", status.writes_past_review.join(", ")]]),
		h("h2", {}, "What makes it weaker than it could be"),
		table(["severity", "what", "how to mend it"], findings.map((one) => row(h("td", { class: /HIGH|CRITICAL/.test(one.severity) ? "bad" : "" }, one.severity), `${one.title} (${one.id})`, one.fix)), "Nothing known."),
		h("h2", {}, "What can be taken back"),
		table(["when", "what", ""], undo.map((one) => row(when(one.time), one.what ?? one.kind ?? one.event,
			button("Undo", () => change("POST", `${path}/undo/${name(one.id)}`)))), "Nothing."));
}
overview.news = ["state", "changes", "audit"];

async function diff(place, path) {
	const changes = await get(`${path}/diff`);
	const chosen = new Set();
	const content = h("div", {});
	const done = async (deed) => (await deed) && diff(place, path);
	const all = (deed, paths, more = {}) => done(change("POST", `${path}/${deed}`, { paths, ...more }));
	const commit = async (more) => chosen.size
		? all("commit", [...chosen], more)
		: (await ask("Commit everything", h("p", {}, `All ${changes.length} tracked changes go to the host.`), "Commit")) && done(change("POST", `${path}/commit-all`));
	const rollback = async () => (await ask(chosen.size ? `Drop ${chosen.size} changes` : "Drop all changes", h("p", {}, "Undo brings them back."), "Roll back", true)) &&
		(chosen.size ? all("rollback", [...chosen]) : done(change("POST", `${path}/rollback-all`)));
	const look = async (one) => {
		const text = await get(`${path}/patch?path=${name(one.path)}`).catch((failure) => failure.message);
		show(content, h("h2", { class: "mono" }, one.path), h("p", { class: "quiet" }, (one.runs ?? []).map((run) => `${run.command} (${when(run.time)})`).join("; ")), patch(text));
	};
	show(place,
		h("div", { class: "bar" }, h("button", { type: "button", class: "main", "data-key": "c", click: () => commit({}) }, "Commit selected or all"),
			button("Take the pod's side", () => commit({ theirs: true })), button("Merge", () => commit({ merge: true })), button("Also what the host runs", () => commit({ sensitive: true })),
			h("button", { type: "button", class: "danger", "data-key": "r", click: rollback }, "Roll back selected or all")),
		table(["", "", "path", "size", "marks"], changes.map((one) => row(
			h("input", { type: "checkbox", "aria-label": `select ${one.path}`, change: (event) => (event.target.checked ? chosen.add(one.path) : chosen.delete(one.path)) }),
			one.kind, h("td", { class: "path" }, h("a", { href: location.hash, click: (event) => { event.preventDefault(); look(one); } }, one.path)),
			one.type === "file" ? bytes(one.size) : one.type,
			h("td", {}, one.marks.map((mark) => h("span", { class: "flag" }, typeof mark === "string" ? mark : mark.name ?? JSON.stringify(mark)))))), "The pod has changed nothing."),
		content);
}
diff.news = ["changes", "state", "snapshots"];

async function queue(place, path) {
	const actions = await get(`${path}/queue?all=true`);
	const waits = (one) => !one.status;
	const deny = async (one) => {
		const said = await ask("Deny", label("Why (the agent is told)", h("input", { name: "reason" })), "Deny", true);
		if (said)
			change("POST", `${path}/queue/${one.id}/deny`, said.reason ? { reason: said.reason } : {});
	};
	const timed = async (one) => {
		const said = await ask(`Approve every ${one.name}`, label("For how long", h("input", { name: "for", value: "1h", required: true })), "Approve");
		if (said)
			change("POST", `${path}/queue/${one.id}/approve`, { for: said.for });
	};
	const line = (one) => row(when(one.created), one.name, one.tier, h("td", {}, h("pre", {}, JSON.stringify(one.params, null, 1))),
		one.status ?? "waits", h("td", {}, waits(one) ? [button("Approve", () => change("POST", `${path}/queue/${one.id}/approve`), "main"), " ", button("For a time", () => timed(one)), " ", button("Deny", () => deny(one), "danger")] : []));
	const heads = ["asked", "action", "tier", "exactly", "state", ""];
	show(place, h("h2", {}, "Waiting"), table(heads, actions.filter(waits).map(line), "Nothing waits for you."),
		h("h2", {}, "Ended"), table(heads, actions.filter((one) => !waits(one)).slice(-50).reverse().map(line), "Nothing yet."));
}
queue.news = ["queue"];

async function audit(place, path) {
	const where = h("input", { type: "search", class: "grow mono", placeholder: ".event == \"dns_query\"", "aria-label": "only events for which this jq program says so", value: audit.where ?? "" });
	const list = h("div", {});
	const load = async () => {
		audit.where = where.value;
		const events = await get(`${path}/audit?limit=200${where.value ? `&where=${name(where.value)}` : ""}`).catch((failure) => { toast(failure.message, true); return []; });
		show(list, table(["when", "source", "event", "what"], events.reverse().map(({ v, ts, pod, src, event, seq, chain, seal, ...rest }) =>
			row(when(ts), src, event, h("td", { class: "mono path" }, Object.entries(rest).map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ")))), "Nothing."));
	};
	const verify = async () => toast(await get(`${path}/audit/verify`).catch((failure) => failure.message));
	show(place, h("form", { class: "bar", submit: (event) => { event.preventDefault(); load(); } }, where, h("button", {}, "Filter"), button("Verify", verify)), list);
	await load();
}
audit.news = ["audit"];

async function network(place, path) {
	const [net, asked] = await Promise.all([get(`${path}/network`).catch(() => null), get(`${path}/audit?limit=300&where=${name('.src == "dns" and (.event | startswith("dns_"))')}`).catch(() => [])]);
	const names = new Map();
	for (const event of asked)
		if (event.name)
			names.set(event.name, event);
	show(place, h("h2", {}, "What passed"), net ? facts([["wall", net.stands ? "stands" : "is down"], ["addresses", net.addresses], ["open connections", net.connections], ["sent", bytes(net.counted?.up)], ["received", bytes(net.counted?.down)], ["names asked", net.counted?.dns_queries], ["of them denied", net.counted?.dns_denied]]) : h("p", { class: "quiet" }, "It has no network."),
		h("h2", {}, "Names"), table(["name", "last", "what became of it", ""], [...names.values()].reverse().map((one) => row(one.name, when(one.ts), one.verdict ?? one.event,
			h("td", {}, /den|refus|block/.test(`${one.verdict ?? ""}${one.event}`) ? button("Allow", () => change("POST", `${path}/dns/allow`, { name: one.name }, `${one.name} is allowed now`)) : button("Deny", () => change("POST", `${path}/dns/deny`, { name: one.name }, `${one.name} is denied now`), "danger")))), "No name was asked for."));
}
network.news = ["audit", "state"];

async function resources(place, path, pod) {
	const [uPlot, use, budget] = await Promise.all([import("./vendor/uplot/dist/uPlot.esm.js"), get(`${path}/resources`).catch(() => ({})), get(`${path}/budget`).catch(() => ({}))]);
	const plots = [["processor, %", (p) => p.cpu], ["memory, MB", (p) => p.memory / 1e6], ["processes", (p) => p.pids], ["network, kB/s", (p) => (p.up + p.down) / 1e3]].map(([title, value]) => {
		const box = h("div", {});
		return { box, value, make: () => new uPlot.default({ title, width: Math.max(280, box.clientWidth), height: 190, series: [{}, { stroke: "#1d8a66", width: 1.5 }], legend: { show: false } }, [[], []], box) };
	});
	const cpus = h("input", { name: "cpus", inputmode: "decimal", "aria-label": "processors" });
	const memory = h("input", { name: "memory", "aria-label": "memory, such as 2GB" });
	const pids = h("input", { name: "max_pids", inputmode: "numeric", "aria-label": "processes" });
	show(place, h("div", { class: "plots" }, plots.map((one) => one.box)),
		h("h2", {}, "Limits"), facts([["memory", use.memory_max ? bytes(use.memory_max) : "none"], ["processes", use.pids_max ?? "none"], ["killed for memory", use.oom_kills]]),
		h("form", { class: "bar", submit: (event) => { event.preventDefault(); change("POST", `${path}/resize`, Object.fromEntries([["cpus", cpus.value], ["memory", memory.value], ["max_pids", pids.value]].filter(([, value]) => value))); } },
			label("processors", cpus), label("memory", memory), label("processes", pids), h("button", {}, "Resize")),
		h("h2", {}, "Budgets"), table(["what", "used", "of"], (budget.budgets ?? []).map((one) => row(one.name ?? one.key, String(one.used), String(one.limit))), "It has none."));
	for (const one of plots)
		one.plot = one.make();
	const draw = () => {
		const points = plot.of(pod);
		for (const one of plots)
			one.plot.setData([points.map((p) => p.at), points.map(one.value)]);
	};
	draw();
	resources.usage = draw;
}
resources.news = [];

async function snapshots(place, path) {
	const all = await get(`${path}/snapshots`);
	const compare = async (one) => {
		const changed = await get(`${path}/snapshots/${name(one.id)}/diff`).catch((failure) => { toast(failure.message, true); return []; });
		ask(`Between ${one.id} and now`, h("pre", {}, changed.map((entry) => `${entry.kind} ${entry.path}`).join("\n") || "nothing"), "Close");
	};
	const promote = async (one) => {
		const said = await ask("Make a base", label("Name", h("input", { name: "base_name", required: true })), "Promote");
		if (said)
			change("POST", `${path}/snapshots/${name(one.id)}/promote`, said);
	};
	show(place, h("div", { class: "bar" }, button("Make one now", async () => {
		const said = await ask("Snapshot", label("Name, if it shall have one", h("input", { name: "name" })), "Make");
		if (said)
			change("POST", `${path}/snapshots`, said.name ? { name: said.name } : {});
	}, "main")),
	table(["id", "name", "when", "kind", "layers", ""], all.reverse().map((one) => row(h("td", { class: "mono" }, one.id), one.name, when(one.time), one.kind, String(one.layers), h("td", {},
		button("Restore", async () => (await ask(`Go back to ${one.id}`, h("p", {}, "The pod's present state is kept for undo."), "Restore")) && change("POST", `${path}/snapshots/${name(one.id)}/restore`)), " ",
		button("Compare", () => compare(one)), " ", button("Promote", () => promote(one)), " ", button("Destroy", () => change("DELETE", `${path}/snapshots/${name(one.id)}`), "danger")))), "None yet."));
}
snapshots.news = ["snapshots"];

async function vault(place, path) {
	const secrets = await get(`${path}/vault`);
	const set = async () => {
		const said = await ask("Put a secret in", [label("Name", h("input", { name: "key", required: true, pattern: "[A-Za-z_][A-Za-z0-9_]*" })), label("Value", h("input", { name: "value", type: "password", required: true, autocomplete: "off" }))], "Set");
		if (said)
			change("POST", `${path}/vault/${name(said.key)}`, { value: said.value });
	};
	show(place, h("div", { class: "bar" }, button("Set a secret", set, "main"), h("span", { class: "quiet" }, "Names only: a value that was put in is not shown again. Needs an admin's login.")),
		table(["name", "version", "set", ""], secrets.map((one) => row(one.key ?? one.name, String(one.version ?? ""), when(one.updated ?? one.time ?? ""), button("Remove", () => change("DELETE", `${path}/vault/${name(one.key ?? one.name)}`), "danger"))), "It has no secrets."));
}
vault.news = [];

async function display(place, path, pod, config) {
	if (!config.web_display || config.web_display.type === "none") {
		show(place, h("p", {}, "This pod has no desktop (", h("code", {}, "web_display.type: novnc"), " in its pod file)."));
		return;
	}
	show(place, h("p", {}, "The desktop is a page of its own, on a name of its own."), h("div", { class: "bar" }, button("Open it", async () => {
		const tab = open("about:blank", "_blank");
		const said = await get(path).then(() => import("./api.js")).then((module) => module.api("POST", `${path}/display`)).catch((failure) => { toast(failure.message, true); return null; });
		if (tab && said)
			tab.location = said.output.trim().split("\n").at(-1);
		else
			tab?.close();
	}, "main")));
}
display.news = [];

async function log(place, path) {
	const text = await get(`${path}/log?lines=500`).catch((failure) => failure.message);
	show(place, h("pre", { class: "diff" }, text || "It has said nothing."));
}
log.news = ["log"];

const tabs = { overview, diff, queue, audit, network, resources, snapshots, vault, display, log };

export function pod(main, which, tab) {
	const path = `/pods/${name(which)}`;
	const state = h("span", { class: "state" });
	const place = h("section", { "aria-label": tab });
	const draw = tabs[tab] ?? overview;
	const load = async () => {
		try {
			const status = await get(path);
			state.className = `state ${status.status}`;
			state.textContent = status.status;
			await draw(place, path, which, draw === display ? await get(`${path}/config`) : undefined);
		} catch (failure) {
			show(place, h("p", { class: "bad" }, failure.message));
		}
	};
	const deed = (text, what) => button(text, () => change("POST", `${path}/${what}`));
	show(main, h("h1", {}, which, " ", state),
		h("div", { class: "bar" }, deed("Start", "start"), deed("Stop", "stop"), deed("Freeze", "freeze"), deed("Resume", "resume"), button("Clone", () => clone(which)),
			button("Destroy", async () => (await destroy(which)) && (location.hash = "#/"), "danger")),
		h("nav", { class: "tabs", "aria-label": "about this pod" }, Object.keys(tabs).map((one) => h("a", { href: `#/pod/${name(which)}/${one}`, "aria-current": one === tab ? "page" : undefined }, one[0].toUpperCase() + one.slice(1)))),
		place);
	load();
	const again = calm(load, 300);
	return listen((news) => {
		if (news.usage)
			resources.usage?.();
		else if (news.pod === which && news.what.some((what) => draw.news.includes(what)) && !document.querySelector("dialog[open]") && !place.querySelector("input:checked"))
			again();
	});
}
