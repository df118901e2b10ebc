{% macro is_safe_ice(column) -%}
    {{ column }} >= {{ var('safe_ice_cm') }}
{%- endmacro %}
