/** What the playground's tabs hold at the first visit; it works against the demo's devices. */
export interface PlaygroundExample {
  readonly query: string;
  /** JSON, as it stands in the tab's variables. */
  readonly variables?: string;
}

const DEVICE = `{
  "deviceId": "IMEI:490154203237518"
}`;

export const EXAMPLES: readonly [PlaygroundExample, ...PlaygroundExample[]] = [
  {
    query: `# Devices and what they are. The same query, whatever protocol a device speaks.
query Devices {
  devices(first: 10) {
    nodes {
      deviceId
      protocol
      lastContactAt
      devInfo {
        man
        mod
        mo { freshness observedAt }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    query: `# Values that are at most five minutes old: where they are older, the device is asked first.
query FreshValues($deviceId: ID!) {
  device(deviceId: $deviceId) {
    fumo(maxAge: "PT5M", wait: "PT20S") {
      state
      pkgName
      mo { freshness observedAt }
    }
  }
}
`,
    variables: DEVICE,
  },
  {
    query: `# Writes two nodes and waits for the device. The types come from the DDF of the demo's meter.
mutation Write($deviceId: ID!) {
  replaceAcmeMeter(input: { deviceId: $deviceId, unit: "kWh", interval: 60, wait: "PT20S" }) {
    id
    state
    commands { kind address { path } outcome statusCode error { message } }
  }
}
`,
    variables: DEVICE,
  },
  {
    query: `# Everything that is stored of one device, typed or not.
query OneDevice($deviceId: ID!) {
  device(deviceId: $deviceId) {
    deviceId
    features { name value evidence }
    managementObjects { moid miid location recognisedBy observedAt values }
  }
}
`,
    variables: DEVICE,
  },
  {
    query: `# Any command on any node: queued, sent at the device's next contact, answered when it ends or after ten seconds.
mutation ReadNow($deviceId: ID!) {
  submitOperation(input: {
    deviceId: $deviceId
    commands: [{ get: { address: { moid: "urn:oma:mo:oma-dm-devdetail:1.0" } } }]
    wait: "PT10S"
  }) {
    id
    state
    commands { kind outcome statusCode result error { message } }
  }
}
`,
    variables: DEVICE,
  },
  {
    query: `# What happens, as it happens. Start it, then run the mutation of another tab.
subscription Events {
  events {
    id
    at
    type
    device { deviceId }
    data
  }
}
`,
  },
];
