{% macro cents_to_euros(column) -%}
    ({{ column }} / 100.0)::numeric(16, 2)
{%- endmacro %}

{% macro safe_divide(numerator, denominator) -%}
    {{ numerator }} / nullif({{ denominator }}, 0)
{%- endmacro %}
