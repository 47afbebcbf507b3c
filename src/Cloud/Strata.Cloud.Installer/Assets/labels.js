// What a label says: the same rule as the node's LabelCode, for dead spots.

/** {device} or {place}, with {tenant} where the label names one; null when it says neither. */
export function readLabel(text) {
  const said = text.trim();
  if (!said || said.length > 2000)
    return null;
  const named = /^strata(-place)?:([^/]+)\/(.+)$/.exec(said);
  if (named)
    return named[1] ? { tenant: named[2], place: named[3] } : { tenant: named[2], device: named[3] };
  if (/^https?:\/\//i.test(said)) {
    let address;
    try {
      address = new URL(said);
    } catch {
      return null;
    }
    const place = address.searchParams.get('place'), device = address.searchParams.get('device');
    if (place)
      return { place };
    const last = decodeURIComponent(address.pathname.split('/').filter(Boolean).at(-1) ?? '');
    return device || last ? { device: device || last } : null;
  }
  return said.startsWith('strata:') || said.startsWith('strata-place:') ? null : { device: said };
}
