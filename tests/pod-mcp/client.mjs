// SPDX-License-Identifier: Apache-2.0
// The reference client, which checks every answer against the protocol's schema: client.mjs COMMAND...
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { LATEST_PROTOCOL_VERSION } from "@modelcontextprotocol/sdk/types.js";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" }));

const call = (name, args = {}, options) => client.callTool({ name, arguments: args }, undefined, options);
assert.equal(client.getServerVersion().name, "envpod");
assert.equal(client.transport.protocolVersion ?? LATEST_PROTOCOL_VERSION, LATEST_PROTOCOL_VERSION);
await client.ping();

const { tools } = await client.listTools();
for (const name of ["list_actions", "call_action", "request", "diff", "why", "request_domain", "take_snapshot"])
	assert.ok(tools.some((t) => t.name === name), name);

const listed = await call("list_actions");
assert.ok(!listed.isError && listed.structuredContent.actions.length > 0);

if (process.env.REAL) {
	const made = await call("call_action", { action: "file_create", params: { path: process.env.HOME + "/made", content: "by mcp" } });
	assert.ok(!made.isError, JSON.stringify(made));
	assert.equal(made.structuredContent.status, "executed");
	const asked = await call("request", { description: "more memory, please", wait: 0 });
	assert.equal(asked.structuredContent.status, "queued");
	const blocked = await call("call_action", { action: "nothing_of_this_name" });
	assert.ok(blocked.isError);
	const cancelled = await call("cancel_action", { id: asked.structuredContent.id });
	assert.equal(cancelled.structuredContent.status, "cancelled");
	assert.ok((await call("diff")).structuredContent.lines.some((l) => l.path.endsWith("/made")));
	const kept = await call("take_snapshot", { name: "by-mcp" });
	assert.equal(kept.structuredContent.status, "executed", JSON.stringify(kept));
	const domain = await call("request_domain", { name: "x.example", for: "1h", wait: 0 });
	assert.equal(domain.structuredContent.status, "queued", JSON.stringify(domain));
	assert.ok((await call("why", { name: "x.example" })).content[0].text.length > 0);
	// The same by one's own word is the same action.
	const again = { action: "file_create", params: { path: process.env.HOME + "/once" }, key: "k1" };
	const [one, two] = [await call("call_action", again), await call("call_action", again)];
	assert.equal(one.structuredContent.id, two.structuredContent.id);
	const list = await call("list_requests");
	assert.ok(list.structuredContent.items.length >= 4);
} else {
	const done = await call("call_action", { action: "file_create", params: { path: "/a" } });
	assert.equal(done.structuredContent.status, "executed");
	assert.ok((await call("call_action", { action: "refused" })).isError);

	const abort = new AbortController();
	const slow = call("request", { description: "x" }, { signal: abort.signal });
	const other = await call("diff");
	assert.ok(!other.isError);
	abort.abort("enough");
	await assert.rejects(slow);
}
assert.ok((await call("call_action", { params: {} })).isError);
await assert.rejects(call("no_such_tool"), /no such tool/);
await assert.rejects(client.listResources());
await client.ping();
await client.close();
console.log("done");
