/** The octets of a message as the client writes them. */
import type { Encoding } from '../../../adapters/dm1/message';
import { spellWbxml } from './spelling-wbxml';
import { spellXml, withNuls } from './spelling-xml';
import type { Traits } from './traits';

/** @param body  what the codec wrote */
export function spell(body: Uint8Array, encoding: Encoding, namespace: string, traits: Traits): Uint8Array {
  if (encoding.form === 'wbxml') {
    if (traits.opaqueHeader !== true && traits.wbxmlNamespaceAttribute !== true) return body;
    return spellWbxml(body, {
      opaqueHeader: traits.opaqueHeader,
      namespaceAttribute: traits.wbxmlNamespaceAttribute === true ? namespace : undefined,
    });
  }
  const spelled = traits.xml === undefined ? body : spellXml(body, traits.xml);
  return traits.devInfo?.nul === true ? withNuls(spelled) : spelled;
}
