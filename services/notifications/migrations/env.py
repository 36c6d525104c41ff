from services.chassis.migrations import run

run()
