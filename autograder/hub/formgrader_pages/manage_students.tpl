{%- extends "stock/manage_students.tpl" -%}
{%- block messages -%}
<div class="alert alert-info" id="dlmath-enrol">
  Students get access to the hub by <code>autograder roster import FILE.csv</code>, which also enters them here.
  "Add new student" below adds a row to the gradebook only: that person can not log in by it.
</div>
{%- endblock -%}
