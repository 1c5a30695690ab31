"""The roles of the after-sales floor, as the SOP's sources name them (roles.md of the catalogue)."""

from __future__ import annotations

from engine.text import Word


class Role(Word):
    """Who may do a thing. An actor's role is one of these codes; a host may bring others, which no table allows."""

    SERVICE_ADVISOR = "service_advisor", "服务顾问", "service advisor"
    SERVICE_MANAGER = "service_manager", "服务经理", "service manager"
    AFTER_SALES_BUSINESS_MANAGER = (
        "after_sales_business_manager",
        "售后业务经理",
        "after-sales business manager",
    )
    SERVICE_SUPERVISOR = "service_supervisor", "服务主管", "service supervisor"
    FRONT_DESK_SUPERVISOR = "front_desk_supervisor", "前台主管", "front-desk supervisor"
    CUSTOMER_RELATIONS = "customer_relations", "客服专员", "customer-relations officer"
    CUSTOMER_RELATIONS_MANAGER = "customer_relations_manager", "客服主管", "customer-relations supervisor"
    CUSTOMER_SERVICE_MANAGER = "customer_service_manager", "客服经理", "customer-service manager"
    TECHNICIAN = "technician", "技师", "technician"
    LEAD_TECHNICIAN = "lead_technician", "主修技师", "technician in charge"
    QUALITY_INSPECTOR = "quality_inspector", "质检员", "quality inspector"
    TECHNICAL_EXPERT = "technical_expert", "技术专家", "technical expert"
    WORKSHOP_DISPATCHER = "workshop_dispatcher", "车间调度", "workshop dispatcher"
    PARTS_CLERK = "parts_clerk", "备件柜员", "parts clerk"
    PARTS_MANAGER = "parts_manager", "备件经理", "parts manager"
    CASHIER = "cashier", "收银", "cashier"
    WARRANTY_CLERK = "warranty_clerk", "索赔员", "warranty clerk"
    GUIDE = "guide", "引导员", "reception guide"
    SECURITY_GUARD = "security_guard", "保安", "security guard"
    LOUNGE_STAFF = "lounge_staff", "客休专员", "lounge attendant"
    GENERAL_AFFAIRS = "general_affairs", "综合部", "general-affairs department"
    FINANCE = "finance", "财务部", "finance department"
    GENERAL_MANAGER = "general_manager", "总经理", "general manager"
    MANAGEMENT_REPRESENTATIVE = "management_representative", "管理者代表", "management representative"
    CUSTOMER = "customer", "客户", "customer"
    SENDER = "sender", "送修人", "person bringing the vehicle"
    OEM = "oem", "主机厂", "manufacturer"
    SYSTEM = "system", "系统", "system"
    """A program that acts by itself, such as an adapter: no person of the floor, and it may do nothing of theirs."""
