/** What `moql demo` asks, one stop after another; each says what must come back from both devices. */

export interface Stop {
  readonly title: string;
  /** Variables: $one and $two are the devices' identifiers. */
  readonly query: string;
  /** What is wrong with an answer; undefined when nothing is. */
  readonly check: (answer: unknown) => string | undefined;
}

type Answer = Readonly<Record<'one' | 'two', Readonly<Record<string, unknown>> | null>>;

/** Both devices gave what is asked of them. */
function both(test: (device: Readonly<Record<string, unknown>>) => boolean, what: string): Stop['check'] {
  return (answer) => {
    const { one, two } = answer as Answer;
    return one !== null && two !== null && test(one) && test(two) ? undefined : `not both devices ${what}`;
  };
}

const succeeded = both((operation) => operation['state'] === 'SUCCEEDED', 'carried it out');

export const TOUR: readonly Stop[] = [
  {
    title: 'Read: one query, answered by two devices that speak different protocols',
    query: `
query Read($one: ID!, $two: ID!) {
  one: device(deviceId: $one) { ...Device }
  two: device(deviceId: $two) { ...Device }
}
fragment Device on Device {
  protocol
  devInfo { man mod lang }
  fumo(maxAge: "PT0S", wait: "PT20S") { pkgName state mo { freshness } }
  acmeMeter { serial unit interval tariff { items { nodeName start rate } } }
}`,
    check: both((device) => {
      const { fumo, devInfo } = device as { fumo?: { mo?: { freshness?: string } }; devInfo?: { man?: string } };
      return fumo?.mo?.freshness === 'FRESH' && devInfo?.man != null;
    }, 'gave fresh values'),
  },
  {
    title: 'Write: one mutation changes both',
    query: `
mutation Write($one: ID!, $two: ID!) {
  one: replaceAcmeMeter(input: { deviceId: $one, unit: "MWh", interval: 30, wait: "PT20S" }) { ...Outcome }
  two: replaceAcmeMeter(input: { deviceId: $two, unit: "MWh", interval: 30, wait: "PT20S" }) { ...Outcome }
}
fragment Outcome on Operation {
  state
  commands { kind address { path } carrier outcome statusCode }
}`,
    check: succeeded,
  },
  {
    title: 'Exec: firmware update; the devices accept it, and tell the end by an alert of a later session',
    query: `
mutation Update($one: ID!, $two: ID!) {
  one: execFumo(input: { deviceId: $one, downloadAndUpdate: true, wait: "PT20S" }) { ...Outcome }
  two: execFumo(input: { deviceId: $two, downloadAndUpdate: true, wait: "PT20S" }) { ...Outcome }
}
fragment Outcome on Operation {
  state
  commands { kind address { path } carrier outcome result }
}`,
    check: succeeded,
  },
  {
    title: 'Read again: what was written is there, by the same query for both',
    query: `
query ReadAgain($one: ID!, $two: ID!) {
  one: device(deviceId: $one) { ...Values }
  two: device(deviceId: $two) { ...Values }
}
fragment Values on Device {
  acmeMeter(maxAge: "PT0S", wait: "PT20S") { unit interval }
  fumo(maxAge: "PT0S", wait: "PT20S") { state }
}`,
    check: both((device) => {
      const { acmeMeter } = device as { acmeMeter?: { unit?: string; interval?: number } };
      return acmeMeter?.unit === 'MWh' && acmeMeter.interval === 30;
    }, 'kept what was written'),
  },
];
