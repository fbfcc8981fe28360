/** The HTTP answer to a DM 1.x message. Source: dm1 12. */
import type { ProtocolViolation } from '../report';
import type { WireResponse } from '../transport';
import { violation } from './rules';

/** Media type without parameters, lower case. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

export function checkHttp(response: WireResponse, requestType: string): readonly ProtocolViolation[] {
  const found: ProtocolViolation[] = [];
  const { headers } = response;
  if (response.status !== 200) found.push(violation('HTTP_STATUS', `status ${response.status}`));
  const type = headers['content-type'];
  if (mediaTypeOf(type) !== requestType)
    found.push(violation('HTTP_CONTENT_TYPE', `sent ${requestType}, answered ${type ?? 'without type'}`));
  const length = headers['content-length'];
  if (headers['transfer-encoding'] !== undefined)
    found.push(violation('HTTP_CONTENT_LENGTH', `Transfer-Encoding ${headers['transfer-encoding']}`));
  else if (length === undefined) found.push(violation('HTTP_CONTENT_LENGTH', 'no Content-Length'));
  else if (Number(length) !== response.body.length)
    found.push(violation('HTTP_CONTENT_LENGTH', `${length} announced, ${response.body.length} octets came`));
  if (!/\b(?:private|no-store)\b/i.test(headers['cache-control'] ?? '')) {
    found.push(violation('HTTP_CACHE_CONTROL', headers['cache-control'] ?? 'no Cache-Control'));
  }
  return found;
}
