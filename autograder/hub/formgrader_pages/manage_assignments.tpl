{%- extends "stock/manage_assignments.tpl" -%}
{%- block messages -%}
<div class="panel-group" id="accordion">
  <div class="panel panel-default">
    <div class="panel-heading">
      <h4 class="panel-title"><a class="collapsed" role="button" data-toggle="collapse" href="#collapseOne">How a unit goes round</a></h4>
    </div>
    <div id="collapseOne" class="panel-collapse collapse">
      <ol class="panel-body list-unstyled">
        <li><b>Generate</b> checks the unit and writes what students get (<code>autograder release</code>); a fault is named and nothing is written.</li>
        <li><b>Release</b> puts it where students fetch it.</li>
        <li><b>Collect</b> brings what was handed in. A submission that is not its student's own is left out and named.</li>
        <li><b>Grade</b>: click the unit's name, or the number of its submissions.</li>
        <li><b>Mark by hand</b> what waits for a person, under <i>Manual Grading</i>.</li>
        <li><b>Release feedback</b> writes the pages that are out of date and returns them all.</li>
      </ol>
    </div>
  </div>
</div>
{% if exchange_missing %}
<div class="alert alert-warning" id="warning-exchange">
  <code>{{ exchange }}</code>: the exchange can neither be found nor made, so nothing can be released or collected.
</div>
{% endif %}
{%- endblock -%}
