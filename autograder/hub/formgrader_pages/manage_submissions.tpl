{%- extends "stock/manage_submissions.tpl" -%}
{%- block messages -%}
<p class="dlmath-actions">
  <button type="button" class="btn btn-primary" id="dlmath-grade">Grade what is new or changed</button>
  <button type="button" class="btn btn-default" id="dlmath-grade-all">Grade everything again</button>
  <button type="button" class="btn btn-default" id="dlmath-return">Return feedback to all</button>
</p>
<p class="text-muted">Grading goes on when you leave this page, and every lecturer sees how far it is. Marks and comments given by hand stay.</p>
{%- endblock -%}
