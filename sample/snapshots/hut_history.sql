{% snapshot hut_history %}

{{
    config(
        target_schema='snapshots',
        unique_key='hut_id',
        strategy='check',
        check_cols=['hut_name', 'seats']
    )
}}

select * from {{ ref('huts') }}

{% endsnapshot %}
