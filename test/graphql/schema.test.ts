import { buildSchema as parseSdl, isInputObjectType, isObjectType, validateSchema } from 'graphql';
import type { GraphQLField, GraphQLInputField, GraphQLSchema } from 'graphql';

import { loadCatalogue, loadDemoCatalogue } from '../../schema/catalogue/load';
import { DdfLibrary } from '../../schema/ddf/library';
import { buildSchema } from '../../src/graphql/schema';
import { lampDdf, libraryOf } from './support/world';

const fieldsOf = (schema: GraphQLSchema, name: string): Readonly<Record<string, string>> => {
  const type = schema.getType(name);
  if (!isObjectType(type) && !isInputObjectType(type)) throw new Error(`no type ${name}`);
  const fields = Object.values<GraphQLField<unknown, unknown> | GraphQLInputField>(type.getFields());
  return Object.fromEntries(
    fields.map((field) => {
      const args = 'args' in field ? field.args.map((arg) => `${arg.name}: ${arg.type.toString()}`).join(', ') : '';
      return [field.name, `${args === '' ? '' : `(${args})`}${field.type.toString()}`];
    }),
  );
};

describe('The fixed part', () => {
  const { schema } = buildSchema(new DdfLibrary());

  test('has the queries of the contract', () => {
    expect(fieldsOf(schema, 'Query')).toMatchObject({
      node: '(id: ID!)Node',
      device: '(deviceId: ID!)Device',
      devices: '(where: DeviceFilter, orderBy: [DeviceOrder!], first: Int, after: String)DeviceConnection!',
      operation: '(id: ID!)Operation',
      accounts: '(first: Int, after: String)AccountConnection!',
      account: '(id: ID!)Account',
      ddfs: '(first: Int, after: String)DdfConnection!',
      alerts: '(where: AlertFilter, first: Int, after: String)AlertConnection!',
      events: '(where: EventFilter, after: ID, first: Int)EventConnection!',
    });
  });

  test('has the subscriptions of the contract', () => {
    expect(fieldsOf(schema, 'Subscription')).toEqual({
      operationChanged: '(id: ID!, after: ID)Operation!',
      alertRaised: '(where: AlertFilter, after: ID)Alert!',
      events: '(where: EventFilter, after: ID)Event!',
    });
    for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {}))
      expect(field.subscribe).toBeInstanceOf(Function);
  });

  test('has the mutations of the contract, and update, delete, rotate and revoke of what can be created', () => {
    expect(fieldsOf(schema, 'Mutation')).toEqual({
      importAccounts: '(input: [ImportAccountInput!]!)[ImportResult!]!',
      importDevices: '(input: [ImportDeviceInput!]!)[ImportResult!]!',
      importGrants: '(input: [ImportGrantInput!]!, allowKeys: Boolean)[ImportResult!]!',
      createAccount: '(input: CreateAccountInput!)Account!',
      updateAccount: '(id: ID!, input: UpdateAccountInput!)Account!',
      deleteAccount: '(id: ID!)Account!',
      rotateCredential: '(input: RotateCredentialInput!)RotatedCredential!',
      registerDevice: '(input: RegisterDeviceInput!)Device!',
      recogniseManagementObject: '(input: RecogniseManagementObjectInput!)Device!',
      updateDevice: '(deviceId: ID!, input: UpdateDeviceInput!)Device!',
      deleteDevice: '(deviceId: ID!)Device!',
      submitOperation: '(input: SubmitOperationInput!)Operation!',
      subscribeManagementObject: '(input: SubscribeManagementObjectInput!)ManagementObjectSubscription!',
      unsubscribeManagementObject: '(input: SubscribeManagementObjectInput!)ManagementObjectSubscription!',
      cancelOperation: '(id: ID!)Operation!',
      retryDeadLetter: '(id: ID!)Boolean!',
      discardDeadLetter: '(id: ID!)Boolean!',
      addDdf: '(input: AddDdfInput!)Ddf!',
      replaceDdf: '(id: ID!, input: AddDdfInput!)Ddf!',
      removeDdf: '(id: ID!, dryRun: Boolean, allowBreaking: Boolean)Ddf!',
      createGrant: '(input: CreateGrantInput!)Grant!',
      deleteGrant: '(id: ID!)Grant!',
      createApiKey: '(input: CreateApiKeyInput!)CreatedApiKey!',
      revokeApiKey: '(id: ID!)ApiKey!',
      rotateApiKey: '(id: ID!, overlap: Duration)CreatedApiKey!',
      prepareNotification: '(input: PrepareNotificationInput!)Notification!',
      wakeDevice: '(input: WakeDeviceInput!)WakeUp!',
      createPeer: '(input: CreatePeerInput!)Peer!',
      deletePeer: '(id: ID!)Peer!',
      delegateManagement: '(input: DelegateManagementInput!)Delegation!',
      endDelegation: '(id: ID!)Delegation!',
      bootstrapAccount: '(input: BootstrapAccountInput!)AccountBootstrap!',
      bootstrapDevice: '(input: BootstrapDeviceInput!)Bootstrap!',
      createRepositoryItem: '(input: CreateRepositoryItemInput!)CreatedRepositoryItem!',
      deleteRepositoryItem: '(id: ID!)RepositoryItem!',
      createCampaign: '(input: CreateCampaignInput!)Campaign!',
      pauseCampaign: '(id: ID!)Campaign!',
      resumeCampaign: '(id: ID!)Campaign!',
      cancelCampaign: '(id: ID!)Campaign!',
      indexNode: '(input: NodeInput!)IndexedNode!',
      unindexNode: '(input: NodeInput!)IndexedNode!',
      createProfile: '(input: CreateProfileInput!)Profile!',
      updateProfile: '(id: ID!, input: UpdateProfileInput!)Profile!',
      createRule: '(input: CreateRuleInput!)Rule!',
      updateRule: '(id: ID!, input: UpdateRuleInput!)Rule!',
      deleteRule: '(id: ID!)Rule!',
      removeProfile: '(id: ID!, restore: Boolean)Profile!',
    });
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    [
      'Operation',
      {
        id: 'ID!',
        state: 'OperationState!',
        device: 'Device!',
        commands: '[Command!]!',
        priority: 'Int!',
        createdAt: 'DateTime!',
        endedAt: 'DateTime',
        cancelRequestedAt: 'DateTime',
      },
    ],
    [
      'Command',
      {
        kind: 'CommandKind!',
        address: 'Address!',
        state: 'CommandState!',
        outcome: 'Outcome',
        statusCode: 'Int',
        error: 'CommandError',
        result: 'JSON',
        resultMeta: 'JSON',
        emulated: 'Boolean!',
      },
    ],
    [
      'Device',
      {
        id: 'ID!',
        deviceId: 'String!',
        protocol: 'DmProtocol',
        account: 'Account!',
        tags: '[String!]!',
        lastContactAt: 'DateTime',
        supportedMos: '[SupportedMo!]!',
        features: '[Feature!]!',
        managementObjects: '(moid: String, maxAge: Duration, wait: Duration)[ManagementObject!]!',
      },
    ],
    [
      'MoInfo',
      {
        moid: 'String!',
        miid: 'String!',
        version: 'String!',
        observedAt: 'DateTime',
        freshness: 'Freshness!',
        location: 'String',
        recognisedBy: 'RecognisedBy!',
        operation: 'Operation',
      },
    ],
    [
      'SubmitOperationInput',
      {
        deviceId: 'ID!',
        commands: '[CommandInput!]!',
        atomic: 'Boolean',
        sequence: 'Boolean',
        onFailure: 'OnFailure',
        priority: 'Int',
        expiresIn: 'Duration',
        wait: 'Duration',
        dryRun: 'Boolean',
        idempotencyKey: 'String',
      },
    ],
    [
      'CommandInput',
      {
        get: 'GetInput',
        add: 'WriteInput',
        replace: 'WriteInput',
        delete: 'TargetInput',
        exec: 'ExecInput',
        copy: 'CopyInput',
        show: 'ShowInput',
        getAcl: 'TargetInput',
        setAcl: 'SetAclInput',
      },
    ],
    [
      'ValueInput',
      {
        text: 'String',
        int: 'BigInt',
        float: 'Float',
        bool: 'Boolean',
        base64: 'Base64',
        json: 'JSON',
        repositoryItem: 'ID',
        format: 'DmFormat',
        type: 'String',
      },
    ],
    ['AddressInput', { moid: 'String', miid: 'String', path: 'String', uri: 'String' }],
    [
      'CreateAccountInput',
      {
        serverId: 'String!',
        name: 'String',
        clientAuth: 'CredentialInput',
        serverAuth: 'CredentialInput',
        autoRegister: 'Boolean',
      },
    ],
    [
      'RegisterDeviceInput',
      {
        deviceId: 'ID!',
        accountId: 'ID!',
        protocol: 'DmProtocol',
        tags: '[String!]',
        clientAuth: 'CredentialInput',
        serverAuth: 'CredentialInput',
      },
    ],
    ['AddDdfInput', { source: 'String!', name: 'String', dryRun: 'Boolean' }],
  ])('%s has the fields of the contract', (name, fields) => {
    expect(fieldsOf(schema, name)).toMatchObject(fields);
  });

  test('is shown with its defaults, @oneOf and @specifiedBy', () => {
    const sdl = buildSchema(new DdfLibrary()).sdl();
    expect(sdl).toContain('expiresIn: Duration = "P30D"');
    expect(sdl).toContain('onFailure: OnFailure = STOP');
    expect(sdl).toContain('input CommandInput @oneOf {');
    expect(sdl).toContain('scalar Duration @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339#appendix-A")');
  });

  test('every field of Query and Mutation says what it does', () => {
    for (const root of [schema.getQueryType(), schema.getMutationType()]) {
      for (const field of Object.values(root?.getFields() ?? {}))
        expect([field.name, field.description]).toEqual([field.name, expect.stringMatching(/\S/)]);
    }
  });
});

describe('The generated part', () => {
  test("the catalogue and a vendor's DDF give two fields a family, their mutations, and SDL that reads back", () => {
    const { schema, sdl, refusals } = buildSchema(
      libraryOf(...[...loadCatalogue(), ...loadDemoCatalogue()].map(({ text }) => text)),
    );
    expect(refusals).toEqual([]);
    expect(validateSchema(schema)).toEqual([]);
    expect(Object.keys(fieldsOf(schema, 'Device'))).toEqual(
      expect.arrayContaining([
        'devInfo',
        'devInfoInstances',
        'devDetail',
        'dmAcc',
        'fumo',
        'fumoInstances',
        'scomo',
        'acmeMeter',
      ]),
    );
    expect(fieldsOf(schema, 'Device')['fumo']).toBe('(miid: String, maxAge: Duration, wait: Duration)Fumo');
    expect(Object.keys(fieldsOf(schema, 'Mutation'))).toEqual(
      expect.arrayContaining([
        'replaceFumo',
        'execFumo',
        'replaceAcmeMeter',
        'addAcmeMeter',
        'deleteAcmeMeter',
        'execAcmeMeter',
      ]),
    );
    expect(fieldsOf(schema, 'Fumo')['mo']).toBe('MoInfo!');
    expect(() => parseSdl(sdl())).not.toThrow();
  });

  test('a family whose names the fixed part has is left out and told', () => {
    const { schema, refusals } = buildSchema(libraryOf(lampDdf()), { 'urn:oma:mo:ext-acme-lamp': 'Device' });
    expect(refusals.map(({ code }) => code)).toEqual(['NAME_CLASH']);
    expect(fieldsOf(schema, 'Device')['deviceId']).toBe('String!');
  });

  test('each build has types of its own, so that an older schema is not disturbed', () => {
    const first = buildSchema(libraryOf(lampDdf()));
    const second = buildSchema(new DdfLibrary());
    expect(Object.keys(fieldsOf(first.schema, 'Device'))).toContain('acmeLamp');
    expect(Object.keys(fieldsOf(second.schema, 'Device'))).not.toContain('acmeLamp');
  });
});
