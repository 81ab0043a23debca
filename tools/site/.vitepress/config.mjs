// The site of the documentation: VitePress over docs/, with the order of docs/navigation.json.

import { defineConfig } from "vitepress";
import { inRoot } from "../../ready/repository.mjs";
import { home } from "../home.mjs";
import { keepLinks, slugOf } from "../links.mjs";
import { writeForMachines } from "../machines.mjs";
import { apiPages, navigation } from "../navigation.mjs";
import { project } from "../project.mjs";

const sections = navigation();
const base = new URL(project.site).pathname;

/** The pages are not below the folder that their packages are installed in. */
const packagesOfPages = {
  name: "packages-of-pages",
  enforce: "pre",
  resolveId(source, importer) {
    const isFromPage = importer?.startsWith(inRoot("docs/"));
    return isFromPage && /^\w/.test(source)
      ? this.resolve(source, inRoot("tools/site/home.mjs"), { skipSelf: true })
      : null;
  },
};

export default defineConfig({
  title: project.title,
  description: project.tagline,
  lang: "en",
  base,
  srcDir: "../../docs",
  outDir: "../../.cache/site",
  cacheDir: "../../.cache/vitepress",
  cleanUrls: false,
  sitemap: { hostname: project.site },
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${base}icon.svg` }]],
  markdown: {
    // Colors that pass WCAG 2.2 AA on the background of a code block.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify: slugOf },
    config: keepLinks,
  },
  vite: { plugins: [packagesOfPages] },
  themeConfig: {
    nav: sections.map(({ text, items }) => ({ text, link: items[0].link })),
    sidebar: sections.map((section) => ({ ...section, items: withApi(section.items) })),
    outline: { level: [2, 3] },
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: project.repository, ariaLabel: "Repository" }],
    editLink: { pattern: `${project.repository}/edit/${project.branch}/docs/:path`, text: "Edit this page" },
    externalLinkIcon: true,
    logo: { src: "/icon.svg", alt: "" },
  },
  transformPageData: (page) => (page.relativePath === "index.md" ? { frontmatter: home } : undefined),
  buildEnd: (site) => writeForMachines(site, sections),
});

/** The pages of the reference hang below its list. */
function withApi(items) {
  return items.map((item) => (item.link === "/api/" ? { ...item, items: apiPages(), collapsed: true } : item));
}
