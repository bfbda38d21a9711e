// The one port: every API of the local chain on one HTTP server.

import Fastify from "fastify";

import { registerControl } from "./control.mjs";
import { registerMarkets, registerWebhooks } from "./markets.mjs";
import { registerExtendedApi } from "./rpc-extended.mjs";
import { registerNodeRpc } from "./rpc-node.mjs";

const DEFAULT_FEES = { low: 3_000, mid: 10_000, high: 50_000 };
const MAX_BODY = 4 * 1024 * 1024; // twice the largest transaction, as hex

/** Builds the server; `scenario` is null on a bare chain, which then has no markets. */
export function buildServer(devnet, { scenario, faults, name }) {
  const app = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: MAX_BODY, routerOptions: { maxParamLength: 400 } });
  app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const code = error.statusCode ?? 500;
    if (code >= 500) console.error(`${request.method} ${request.url}: ${error.stack}`);
    return reply.code(code).send({ error: error.message });
  });
  const webhooks = [];
  faults.register(app);
  registerNodeRpc(app, devnet, { fees: scenario?.data.fees ?? DEFAULT_FEES, faults });
  registerExtendedApi(app, devnet);
  if (scenario !== null) registerMarkets(app, devnet, { scenario, faults });
  registerWebhooks(app, devnet, webhooks);
  registerControl(app, devnet, { scenario, faults, webhooks, name });
  return app;
}
