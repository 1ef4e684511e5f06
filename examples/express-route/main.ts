// Starts the two routes without Express, in the few lines of it that they need:
//
//   npx tsx examples/express-route/main.ts
//   curl -d '{"question":"Where is my refund?"}' http://127.0.0.1:3000/tickets/42/suggestion
//   curl -d '{"text":"A refund takes five working days."}' http://127.0.0.1:3000/tickets/42/reply
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { argv } from "node:process";
import { sendReply, suggestReply, uptake } from "./routes.ts";

const ROUTES = { suggestion: suggestReply, reply: sendReply } as const;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const [, ticketId, name] = /^\/tickets\/(\w+)\/(suggestion|reply)$/u.exec(request.url ?? "") ?? [];
  if (ticketId === undefined || (name !== "suggestion" && name !== "reply")) return response.writeHead(404).end();
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  const body = JSON.parse(text) as Record<string, string>;
  const json = (value: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  return ROUTES[name]({ params: { ticketId }, body }, { json });
}

const server = createServer((request, response) => void answer(request, response));

server.listen(Number(argv[2] ?? 3000), "127.0.0.1", () => console.log(server.address()));

// What waits is committed before the process ends.
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
  void uptake.close();
});
