/**
 * How such a server is usually written: Apollo Server, type-graphql's classes, and a resolver for each object of a device that
 * asks Prisma for it. Over the gateway's own tables; nothing is checked, nothing is limited.
 */
import 'reflect-metadata';

import { ApolloServer, type BaseContext } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { PrismaPg } from '@prisma/adapter-pg';
import { fastify } from 'fastify';
import { Arg, buildSchema, Field, FieldResolver, ID, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';

import { PrismaClient } from '../../src/store/generated/client';
import { databaseUrl, LOOPBACK, serve, type Served } from './served';
import { devInfoOf, fumoOf, scomoOf, type DevInfoView, type FumoView, type ScomoView } from './views';

const nullable = true;
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl() }) });

@ObjectType()
class DevInfo implements DevInfoView {
  @Field(() => String, { nullable }) readonly devId!: string | null;
  @Field(() => String, { nullable }) readonly man!: string | null;
  @Field(() => String, { nullable }) readonly mod!: string | null;
  @Field(() => String, { nullable }) readonly dmV!: string | null;
  @Field(() => String, { nullable }) readonly lang!: string | null;
}

@ObjectType()
class Fumo implements FumoView {
  @Field(() => String, { nullable }) readonly pkgName!: string | null;
  @Field(() => String, { nullable }) readonly pkgVersion!: string | null;
  @Field(() => Int, { nullable }) readonly state!: number | null;
}

@ObjectType()
class Component {
  @Field(() => String) readonly nodeName!: string;
  @Field(() => String, { nullable }) readonly id!: string | null;
  @Field(() => String, { nullable }) readonly name!: string | null;
  @Field(() => String, { nullable }) readonly version!: string | null;
  @Field(() => String, { nullable }) readonly description!: string | null;
  @Field(() => Int, { nullable }) readonly status!: number | null;
  @Field(() => Int, { nullable }) readonly state!: number | null;
  @Field(() => String, { nullable }) readonly envType!: string | null;
}

@ObjectType()
class Deployed {
  @Field(() => [Component]) readonly items!: readonly Component[];
}

@ObjectType()
class Inventory {
  @Field(() => Deployed) readonly deployed!: Deployed;
}

@ObjectType()
class Scomo implements ScomoView {
  @Field(() => Inventory) readonly inventory!: Inventory;
}

@ObjectType()
class Device {
  readonly id!: bigint;
  @Field(() => ID) readonly deviceId!: string;
}

@ObjectType()
class DeviceConnection {
  @Field(() => [Device]) readonly nodes!: readonly Device[];
}

@Resolver(() => Device)
class DeviceResolver {
  @Query(() => DeviceConnection)
  async devices(@Arg('first', () => Int) first: number): Promise<DeviceConnection> {
    return { nodes: await prisma.device.findMany({ orderBy: { id: 'asc' }, take: first }) };
  }

  @FieldResolver(() => DevInfo, { nullable })
  async devInfo(@Root() { id }: Device): Promise<DevInfo | null> {
    const found = await prisma.managementObject.findFirst({
      where: { deviceId: id, family: 'urn:oma:mo:oma-dm-devinfo' },
    });
    return found && devInfoOf(found.values);
  }

  @FieldResolver(() => Fumo, { nullable })
  async fumo(@Root() { id }: Device): Promise<Fumo | null> {
    const found = await prisma.managementObject.findFirst({ where: { deviceId: id, family: 'urn:oma:mo:oma-fumo' } });
    return found && fumoOf(found.values);
  }

  @FieldResolver(() => Scomo, { nullable })
  async scomo(@Root() { id }: Device): Promise<Scomo | null> {
    const found = await prisma.managementObject.findFirst({ where: { deviceId: id, family: 'urn:oma:mo:oma-scomo' } });
    return found && scomoOf(found.values);
  }
}

async function start(): Promise<Served> {
  const app = fastify();
  const schema = await buildSchema({ resolvers: [DeviceResolver], validate: false });
  const apollo = new ApolloServer<BaseContext>({ schema, plugins: [fastifyApolloDrainPlugin(app)] });
  await apollo.start();
  await app.register(fastifyApollo(apollo));
  const close = async (): Promise<void> => {
    await app.close();
    await prisma.$disconnect();
  };
  return { url: await app.listen(LOOPBACK), close };
}

serve(start);
