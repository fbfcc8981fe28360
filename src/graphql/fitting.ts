/** Devices as a caller with grants by filter needs them: each with the filters that it fulfils, by one statement for all that are loaded together. */
import type { Rights } from '../access/rights';
import type { Devices, DeviceView, ListedDevice, Page, Services } from '../management/types';

/** The services of a request. Without grants by filter they are what they were. */
export function fittingServices(services: Services, rights: Rights): Services {
  return rights.filters.length === 0 ? services : { ...services, devices: fittingDevices(services, rights) };
}

function fittingDevices({ devices, grants }: Services, rights: Rights): Devices {
  const all = async <T extends DeviceView | null>(views: readonly T[]): Promise<readonly T[]> => {
    const fits = await grants.fits(
      rights,
      views.flatMap((view) => view?.key ?? []),
    );
    return views.map((view) => view && { ...view, fits: fits.get(view.key) ?? [] });
  };
  const one = async <T extends DeviceView | null>(view: T): Promise<T> => (await all([view]))[0] as T;
  return {
    register: async (...given) => one(await devices.register(...given)),
    update: async (...given) => one(await devices.update(...given)),
    async delete(deviceId, caller) {
      const before = await one(await devices.find(deviceId));
      return { ...(await devices.delete(deviceId, caller)), fits: before?.fits ?? [] };
    },
    recognise: (...given) => devices.recognise(...given),
    async rotateCredential(...given) {
      const rotated = await devices.rotateCredential(...given);
      return { ...rotated, device: await one(rotated.device) };
    },
    importMany: (...given) => devices.importMany(...given),
    credentials: (...given) => devices.credentials(...given),
    find: async (...given) => one(await devices.find(...given)),
    getMany: async (...given) => all(await devices.getMany(...given)),
    findMany: async (...given) => all(await devices.findMany(...given)),
    count: (...given) => devices.count(...given),
    groups: (...given) => devices.groups(...given),
    async list(...given): Promise<Page<ListedDevice>> {
      const page = await devices.list(...given);
      return { ...page, items: await all(page.items) };
    },
  };
}
