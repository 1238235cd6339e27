{%- extends "stock/base.tpl" -%}
{#- What nbgrader's pages share, with the state of grading on top of each. -#}
{%- block script -%}
<link rel="stylesheet" href="{{ base_url }}/formgrader/dlmath/formgrader.css" />
<script>
var dlmath = {course: {{ course_name|tojson }}, hub: {{ hub_home|tojson }}};
</script>
<script src="{{ base_url }}/formgrader/dlmath/grading.js"></script>
<script src="{{ base_url }}/formgrader/dlmath/formgrader.js"></script>
{%- endblock -%}
