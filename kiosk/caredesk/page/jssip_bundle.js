// What esbuild packs into node_modules/.bundle/jssip.js: JsSIP ships CommonJS only, which no browser can load.
export { default } from "jssip";
