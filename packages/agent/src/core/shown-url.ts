const hidden = "[redacted]";

/** A URL, anywhere in a text: its scheme, and what stands before the last @ of its authority. */
const withUserInfo = /([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/?#]*)@/gi;

/** A text as it may be shown: of its URLs without the passwords, and without a name that stands alone, which may be a token. */
export function shown(text: string): string {
  return text.replace(withUserInfo, (_, scheme: string, userInfo: string) => {
    const end = userInfo.indexOf(":");
    return `${scheme}${end < 0 ? "" : userInfo.slice(0, end + 1)}${hidden}@`;
  });
}
