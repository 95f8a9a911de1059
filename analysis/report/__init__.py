"""The report: facts become sections, sections become report.html, report.md, figures and LaTeX tables."""
