// The default theme with the fonts of the reader's system, and a main landmark on the start page too.

import { useData } from "vitepress";
import theme from "vitepress/theme-without-fonts";
import { h, onMounted, watch } from "vue";
import "./style.css";

export default {
  extends: theme,
  Layout: {
    setup() {
      const { frontmatter } = useData();
      onMounted(() => watch(() => frontmatter.value.layout, markMain, { immediate: true, flush: "post" }));
      return () => h(theme.Layout);
    },
  },
};

/** Pages of the layout "doc" have a `main` of their own. */
function markMain(layout) {
  const content = document.getElementById("VPContent");
  if (layout === "home") content?.setAttribute("role", "main");
  else content?.removeAttribute("role");
}
