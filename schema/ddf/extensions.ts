/** Elements that the DTD does not have: kept whole, and those of Microsoft that say what a schema needs understood. */
import { readAllowedValues, readBounds } from './allowed';
import type { AllowedValues, DdfNode, ExtensionElement } from './model';
import type { WarningLog } from './warnings';
import type { XmlElement } from './xml';

const MICROSOFT = 'http://schemas.microsoft.com/MobileDevice/DM';

/** Without prefix, or with one that nobody declared, the name alone tells. */
function isMicrosoft(element: XmlElement): boolean {
  return element.namespace === MICROSOFT || element.prefix === '' || element.namespace === '';
}

function find(extensions: readonly XmlElement[], name: string): XmlElement | undefined {
  return extensions.find((element) => element.name === name && isMicrosoft(element));
}

/** Of `AllowedValues` (dialect of 2022), else `SupportedValues`, else `MinValue` and `MaxValue` (dialect of 2016). */
export function readAllowed(extensions: readonly XmlElement[], warnings: WarningLog): AllowedValues | undefined {
  if (extensions.length === 0) return undefined;
  const element = find(extensions, 'AllowedValues') ?? find(extensions, 'SupportedValues');
  if (element) return readAllowedValues(element, warnings);
  return readBounds(find(extensions, 'MinValue')?.text, find(extensions, 'MaxValue')?.text);
}

export function readDeprecated(extensions: readonly XmlElement[]): DdfNode['deprecated'] {
  const element = find(extensions, 'Deprecated');
  if (!element) return undefined;
  const since = element.attributes['OsBuildDeprecated']?.trim();
  return since ? { since } : {};
}

export function toExtension(element: XmlElement): ExtensionElement {
  return {
    name: element.name,
    ...(element.namespace === '' ? {} : { namespace: element.namespace }),
    attributes: element.attributes,
    text: element.text.trim(),
    children: element.children.map(toExtension),
  };
}
