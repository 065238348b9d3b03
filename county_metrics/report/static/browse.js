"use strict";
(() => {
  const form = document.getElementById("filters"), told = document.getElementById("told");
  const rows = [...document.querySelectorAll("#figures tbody tr")];
  const fields = [...form.elements].filter((field) => field.name);
  const texts = rows.map((row) => row.textContent.toLowerCase() + " " + row.id.toLowerCase());

  function filter() {
    let count = 0;
    rows.forEach((row, place) => {
      row.hidden = !fields.every((field) => {
        if (!field.value) return true;
        if (field.type === "search") return field.value.toLowerCase().split(/\s+/).every((word) => texts[place].includes(word));
        const [name, wanted] = field.name === "grade" ? ["grade", field.value] : [field.name, field.value];
        const own = (row.dataset[name] || "").split(" ");
        return wanted.startsWith("!") ? !own.includes(wanted.slice(1)) : own.includes(wanted);
      });
      count += row.hidden ? 0 : 1;
    });
    told.textContent = told.dataset.some.replace("#", count);
  }

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter();
})();
