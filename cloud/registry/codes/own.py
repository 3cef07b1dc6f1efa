"""Our own code lists of the records next to the ledger: stages, tickets, counts, declared items."""

from cloud.registry.codes.base import OWN, CodeList, items_of

STAGE_CODES = CodeList(
    "stage",
    "学段",
    "Stages",
    OWN,
    "project default",
    items_of("""
        KG | 幼儿园 | Kindergarten stage
        PRI | 小学 | Primary stage
        JUN | 初中 | Junior stage
        SEN | 高中 | Senior stage
        VOC | 中职 | Vocational stage
    """),
)

TICKET_ORIGINS = CodeList(
    "ticket_origin",
    "报修来源",
    "Where a repair ticket comes from",
    OWN,
    "project default",
    items_of("""
        report | 人工 | Reported by a person
        alert | 预警 | Alert of a device
    """),
)

STOCKTAKE_RESULTS = CodeList(
    "stocktake_result",
    "盘点结果",
    "Result of a count",
    OWN,
    "project default",
    items_of("""
        matched | 相符 | In the ledger and there
        missing | 盘亏 | In the ledger and not there
        surplus | 盘盈 | There and not in the ledger
    """),
)

DECLARED_ITEMS = CodeList(
    "declared_item",
    "申报项",
    "What a school may declare",
    OWN,
    "project default",
    items_of("""
        library_books | 馆藏图书册数 | Books in the library
        new_books | 近一年新增图书册数 | Books added in the last year
        library_hours_week | 图书馆每周开放小时 | Library hours a week in term
        teacher_terminals | 教师用计算机台数 | Computers for teachers
        pupil_terminals | 学生用计算机台数 | Computers for pupils
        main_rooms | 主要教学场所间数 | Main teaching places
        rooms_with_wifi | 无线网络覆盖的教学场所间数 | Main teaching places with Wi-Fi
        rooms_opened_after_class | 课余开放的教学场所间数 | Teaching places opened after class
        kindergarten_items_listed | 幼儿园应配装备项数 | Kindergarten items listed
        kindergarten_items_present | 幼儿园已配装备项数 | Kindergarten items present
        experiments_group_due | 应开分组实验个数 | Group experiments due
        experiments_group_done | 实开分组实验个数 | Group experiments done
        computer_room_hours_scheduled | 计算机教室每周排课机时 | Computer-room hours due a week
        computer_room_hours_logged | 计算机教室每周实用机时 | Computer-room hours used a week
        chemical_controls_met | 危化品五双落实项数 | Two-person chemical controls met, of 5
        desk_light_measured_rooms | 实测课桌面照度间数 | Rooms with desk light measured
        desk_light_ok_rooms | 课桌面照度合格间数 | Rooms with enough desk light
        maintenance_planned_yuan | 维保经费预算 | Maintenance budget in yuan
        maintenance_spent_yuan | 维保经费支出 | Maintenance money spent in yuan
        display_hours_week | 大屏每周使用小时 | Hours a week that a display is used
    """),
)
