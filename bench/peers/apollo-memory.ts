/** Apollo Server as it comes, through Fastify, with the answer in memory: no database, nothing is checked, nothing is limited. */
import { ApolloServer, type BaseContext } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { fastify } from 'fastify';

import { LOOPBACK, serve, type Served } from './served';

const SCHEMA = `
type Query { device(deviceId: ID!): Device }
type Device { deviceId: ID! devInfo: DevInfo }
type DevInfo { devId: String man: String mod: String dmV: String lang: String }`;

async function start(): Promise<Served> {
  const deviceId = process.env['BENCH_DEVICE'] ?? '';
  const man = process.env['BENCH_MAN'] ?? '';
  const known = new Map([[deviceId, { deviceId, devInfo: { devId: deviceId, man } }]]);
  const app = fastify();
  const apollo = new ApolloServer<BaseContext>({
    typeDefs: SCHEMA,
    resolvers: {
      Query: { device: (_root: unknown, args: { readonly deviceId: string }) => known.get(args.deviceId) ?? null },
    },
    plugins: [fastifyApolloDrainPlugin(app)],
  });
  await apollo.start();
  await app.register(fastifyApollo(apollo));
  return { url: await app.listen(LOOPBACK), close: () => app.close() };
}

serve(start);
