/** What Microsoft's elements tell people of a node, beside its values. Source: DDFv2Msft.xsd. */
import type { DdfNode, ExtensionElement } from '../ddf/model';
import type { Applicability, Naming, NodeNotes } from './types';

/** Of the newest definition that says something of each. */
export function notesOf(nodes: readonly DdfNode[]): NodeNotes {
  if (nodes.every(({ extensions }) => extensions.length === 0)) return {};
  const first = <T>(name: string, read: (element: ExtensionElement) => T | undefined): T | undefined => {
    for (const { extensions } of nodes) {
      const element = extensions.find((candidate) => candidate.name === name);
      const value = element && read(element);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const applicability = first('Applicability', applicabilityOf);
  const naming = first('DynamicNodeNaming', namingOf);
  const reboot = first('RebootBehavior', rebootOf);
  const isAtomic = first('AtomicRequired', () => true);
  return {
    ...(applicability ? { applicability } : {}),
    ...(naming ? { naming } : {}),
    ...(reboot ? { reboot } : {}),
    ...(isAtomic ? { isAtomic } : {}),
  };
}

/** The text of each of its children. */
function applicabilityOf(element: ExtensionElement): Applicability | undefined {
  const text = (name: string): string | undefined =>
    element.children.find((child) => child.name === name)?.text.trim() || undefined;
  const osBuild = text('OsBuildVersion');
  const csp = text('CspVersion');
  const editions = text('EditionAllowList')
    ?.split(';')
    .map((edition) => edition.trim())
    .filter((edition) => edition !== '');
  if (osBuild === undefined && csp === undefined && !editions) return undefined;
  return { ...(osBuild ? { osBuild } : {}), ...(csp ? { csp } : {}), ...(editions ? { editions } : {}) };
}

function namingOf(element: ExtensionElement): Naming | undefined {
  const [choice] = element.children;
  switch (choice?.name) {
    case 'ServerGeneratedUniqueIdentifier':
      return { by: 'server' };
    case 'ClientInventory':
      return { by: 'device' };
    case 'UniqueName':
      return choice.text === '' ? undefined : { by: 'rule', text: choice.text };
    default:
      return undefined;
  }
}

function rebootOf({ text }: ExtensionElement): NodeNotes['reboot'] {
  return text === 'Automatic' ? 'automatic' : text === 'ServerInitiated' ? 'server' : undefined;
}
