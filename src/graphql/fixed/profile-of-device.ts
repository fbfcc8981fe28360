/** How a device compares to profiles: a field of devices. */
import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';

import type { ProfileDeviceView } from '../../management/profiles/types';
import type { DeviceView } from '../../management/types';
import type { RequestContext } from '../context';
import { Device } from './device-type';
import { ProfileDevice } from './profile';

/** Records of all devices that a request asks for, by one statement. */
const loaders = new WeakMap<RequestContext, DataLoader<string, readonly ProfileDeviceView[]>>();

@Resolver(() => Device)
export class DeviceProfilesResolver {
  @FieldResolver(() => [ProfileDevice], {
    description:
      "How it compares to the caller's profiles, an administrator's to all; in the order in which they were made.",
  })
  async profiles(@Root() { key }: DeviceView, @Ctx() context: RequestContext): Promise<readonly ProfileDeviceView[]> {
    const { services, caller } = context;
    let loader = loaders.get(context);
    if (loader === undefined) {
      const load = async (keys: readonly string[]): Promise<readonly (readonly ProfileDeviceView[])[]> => {
        const found = await services.profiles.ofDevices(keys, caller);
        return keys.map((device) => found.filter((record) => record.device === device));
      };
      loader = new DataLoader(load, { maxBatchSize: 500, cache: false });
      loaders.set(context, loader);
    }
    return loader.load(key);
  }
}
