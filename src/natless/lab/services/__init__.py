"""moto's service APIs as the lab's account, with what moto loses repaired.

moto keeps an account in the globals of a process: import `account` only in the lab's own process.
"""
