/** Queries that the playground shows at the first visit; they work against the demo's devices. */
export const EXAMPLES: readonly [string, ...string[]] = [
  `# Devices and what they are. The same query, whatever protocol a device speaks.
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
  `# Everything that is stored of one device, typed or not.
query OneDevice($deviceId: ID!) {
  device(deviceId: $deviceId) {
    deviceId
    features { name value evidence }
    managementObjects { moid miid location recognisedBy observedAt values }
  }
}
`,
  `# Reads a node now: queued, sent at the device's next contact, answered when it ends or after ten seconds.
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
];
