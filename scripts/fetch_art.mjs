// Write a folder of SVG files and a manifest for each source; scripts/fetch_art runs it in a folder with the packages.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { createAvatar } from "@dicebear/core";

const require = createRequire(import.meta.url);
const out = process.argv[2];
const DESIGN_LICENSES = { "CC BY 4.0": "CC-BY-4.0", "CC0 1.0": "CC0-1.0" };
const AVATARS = 60;
const FACES = 120;

// CC0-1.0 by the package's README; left out: portraits of real people, and sets that other sources hold.
const COMIC_ARTISTS = {
  aavatar: "Devarani B and Ramya Mylavarapu",
  aryan: "Swetha Mylavarapu",
  ava: "Ramya Mylavarapu",
  bean: "Ramya Mylavarapu",
  bill: "Renel McCullum",
  dee: "Ramya Mylavarapu",
  dey: "Ramya Mylavarapu",
  ethan: "Devarani B",
  evan: "Ramya Mylavarapu",
  priya: "Ramya Mylavarapu",
  ringo: "Ramya Mylavarapu",
  sophie: "Shawf Designs",
};

function version(name) {
  return JSON.parse(fs.readFileSync(path.join("node_modules", name, "package.json"))).version;
}

function writeSource(name, entry, drawings) {
  const folder = path.join(out, name);
  fs.mkdirSync(folder, { recursive: true });
  const files = {};
  for (const [file, variant, svg] of drawings) {
    fs.writeFileSync(path.join(folder, file), svg);
    files[file] = variant;
  }
  const manifest = { name, ...entry, files };
  fs.writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
  console.log(`${name}: ${Object.keys(files).length} files, ${entry.license}`);
}

async function writeAvatars(style) {
  const name = `@dicebear/${style}`;
  const design = await import(name);
  const { title, creator, license } = design.meta;
  const spdx = DESIGN_LICENSES[license.name];
  if (!spdx) throw new Error(`${name}: license ${license.name} is not one of ${Object.keys(DESIGN_LICENSES)}`);
  const drawings = [];
  for (let i = 0; i < AVATARS; i++) {
    const file = `${String(i).padStart(3, "0")}.svg`;
    drawings.push([file, { seed: String(i), category: "bust" }, createAvatar(design, { seed: String(i) }).toString()]);
  }
  const entry = { package: name, version: version(name), license: spdx, attribution: `"${title}" by ${creator}, remixed` };
  writeSource(style, entry, drawings);
}

// facesjs draws with Math.random; a seeded one makes the files repeatable.
function seedRandom(seed) {
  let state = seed;
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function writeFaces() {
  const { generate, faceToSvgString } = require("facesjs");
  seedRandom(1);
  const drawings = [];
  for (let i = 0; i < FACES; i++) {
    const face = generate({}, { gender: i % 2 ? "female" : "male" });
    drawings.push([`${String(i).padStart(3, "0")}.svg`, { seed: String(i), category: "bust" }, faceToSvgString(face)]);
  }
  const entry = { package: "facesjs", version: version("facesjs"), license: "Apache-2.0", attribution: "faces.js by ZenGM" };
  writeSource("facesjs", entry, drawings);
}

function writeEmoji(set) {
  const name = `@iconify-json/${set}`;
  const icons = require(`${name}/icons.json`);
  const { author, license } = require(`${name}/info.json`);
  const { categories } = require(`${name}/metadata.json`);
  const drawings = [];
  for (const [category, members] of Object.entries(categories)) {
    for (const member of members) {
      const icon = icons.icons[member];
      if (!icon) continue;
      const width = icon.width ?? icons.width ?? 16;
      const height = icon.height ?? icons.height ?? 16;
      const svg = `${svgHead(width, height)}${icon.body}</svg>`;
      drawings.push([`${member}.svg`, { seed: member, category }, svg]);
    }
  }
  const attribution = `"${require(`${name}/info.json`).name}" by ${author.name}, ${author.url}`;
  writeSource(set, { package: name, version: version(name), license: license.spdx, attribution }, drawings);
}

const COMICS = path.join("node_modules", "comicgen", "svg");
const svgHead = (width, height) =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${width} ${height}">`;

function listNames(...folder) {
  const full = path.join(COMICS, ...folder);
  if (!fs.existsSync(full)) return [];
  return fs.readdirSync(full).filter((f) => f.endsWith(".svg")).sort().map((f) => f.slice(0, -4));
}

// Read the content of one of the package's SVG files, translated. Its ids get a prefix that makes them unique.
function readPiece(prefix, x, y, ...file) {
  const text = fs.readFileSync(path.join(COMICS, ...file) + ".svg", "utf8");
  const inside = text.slice(text.indexOf(">", text.indexOf("<svg")) + 1, text.lastIndexOf("</svg>"));
  const own = inside
    .replace(/\bid="([^"]+)"/g, `id="${prefix}$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}$1"`)
    .replace(/\.cls-/g, `.${prefix}cls-`)
    .replace(/class="cls-/g, `class="${prefix}cls-`);
  return `<g transform="translate(${x} ${y})">${own}</g>`;
}

function writeComics() {
  const drawings = [];
  for (const name of Object.keys(COMIC_ARTISTS).sort()) {
    const template = fs.readFileSync(path.join(COMICS, name, "index.svg"), "utf8");
    const poseFirst = template.includes("{{#pose}}") && template.indexOf("{{#pose}}") < template.indexOf("{{#emotion}}");
    for (const angle of ["", "straight", "side", "sitting", "back"]) {
      const emotions = listNames(name, angle, "emotion");
      for (const [i, pose] of listNames(name, angle, "pose").entries()) {
        if (!emotions.length) continue;
        const emotion = emotions[(i * 7) % emotions.length];
        const body = readPiece("p", 0, 0, name, angle, "pose", pose);
        const face = readPiece("e", 0, 0, name, angle, "emotion", emotion);
        const variant = { seed: [name, angle, pose, emotion].filter(Boolean).join(" "), category: "figure" };
        const svg = svgHead(500, 600) + (poseFirst ? body + face : face + body) + "</svg>";
        drawings.push([`${[name, angle, pose].filter(Boolean).join("-")}.svg`, variant, svg]);
      }
    }
  }
  const artists = [...new Set(Object.values(COMIC_ARTISTS).flatMap((names) => names.split(" and ")))].join(", ");
  const entry = { package: "comicgen", version: version("comicgen"), license: "CC0-1.0" };
  writeSource("comicgen", { ...entry, attribution: `Comicgen characters by ${artists}` }, drawings);
}

function writeHumaaans() {
  const drawings = [];
  const heads = listNames("humaaans", "head", "front");
  const bodies = listNames("humaaans", "body");
  let i = 0;
  for (const side of ["standing", "sitting"]) {
    for (const bottom of listNames("humaaans", "bottom", side)) {
      for (const body of bodies) {
        const head = heads[(i++ * 5) % heads.length];
        const pieces = [
          readPiece("h", 63, 0, "humaaans", "head", "front", head),
          readPiece("l", -15, 199, "humaaans", "bottom", side, bottom),
          readPiece("b", 0, 85, "humaaans", "body", body),
        ];
        const variant = { seed: [side, bottom, body, head].join(" "), category: "figure" };
        drawings.push([`${[side, bottom, body].join("-")}.svg`, variant, svgHead(380, 480) + pieces.join("") + "</svg>"]);
      }
    }
  }
  const entry = { package: "comicgen", version: version("comicgen"), license: "CC-BY-4.0" };
  writeSource("humaaans", { ...entry, attribution: '"Humaaans" by Pablo Stanley, remixed' }, drawings);
}

for (const style of process.env.STYLES.split(" ")) await writeAvatars(style);
writeFaces();
writeComics();
writeHumaaans();
for (const set of ["fluent-emoji-flat", "twemoji", "noto"]) writeEmoji(set);
