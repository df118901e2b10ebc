with source as (
    select * from {{ source('lake', 'orders') }}
),

renamed as (
    select
        id as order_id,
        hut as hut_id,
        status,
        cast(ordered_at as timestamp) as ordered_at,
        cast(ordered_at as date) as ordered_on
    from source
)

select * from renamed
