// SPDX-License-Identifier: Apache-2.0
// A server of standard input and output, seen over HTTP on loopback: bridge.mjs COMMAND...  Each session starts it anew;
// messages go through as they are.  Its port is the first line that it prints.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

const [command, ...args] = process.argv.slice(2);
const sessions = new Map();

async function begin() {
	const http = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => sessions.set(id, http) });
	const stdio = new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" });
	stdio.onmessage = (message) => http.send(message).catch(console.error);
	http.onmessage = (message) => stdio.send(message).catch(console.error);
	http.onclose = () => stdio.close();
	await stdio.start();
	await http.start();
	return http;
}

const server = createServer(async (request, response) =>
	(sessions.get(request.headers["mcp-session-id"]) ?? (await begin())).handleRequest(request, response));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
