// The command to run next, with absolute paths, so that it can be pasted in any folder. The file itself holds no folder
// of the machine that wrote it; a page that was opened in the output folder knows where that is. Returns its
// words, or null for a page that was sent elsewhere.
const writeCommand = ({ words, folder, places }, isWindows) => {
  let page;
  try { page = decodeURIComponent(location.pathname); } catch { return null; } // names that are not UTF-8
  if (location.protocol !== "file:" || !page.endsWith(`/${folder}/report.html`)) return null;
  const quote = isWindows
    ? (word) => (/^[\w.:/\\+=-]+$/.test(word) ? word : `"${word.replace(/(\\*)("|$)/g, (all, slashes, end) => slashes + slashes + (end && '\\"'))}"`)
    : (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);
  const find = (place, name) => {
    const url = new URL(place.split("/").map(encodeURIComponent).join("/") + "/", location.href);
    const path = (url.host ? `//${url.host}` : "") + decodeURIComponent(url.pathname) + name; // a host: a network share
    return isWindows ? path.replace(/^\/(?=[A-Za-z]:)/, "").replaceAll("/", "\\") : path;
  };
  return words.map((word, at) => quote(places[at] === undefined ? word : find(places[at], word)));
};
